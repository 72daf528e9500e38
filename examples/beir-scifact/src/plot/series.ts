import type { Row } from "../row.js";

/** The two qualities that are drawn against bytes. */
export type Quality = "ndcg10" | "overlap10";

/** The marks of a series; each is drawn with its own shape, so that colour is never the only difference. */
export type Shape = "circle" | "square" | "triangle" | "diamond";

/** One curve: rows of one codec and scoring by rising bytes. */
export interface Series {
  /** Names the colour in the style sheet. */
  readonly key: "eigen" | "asymmetric" | "symmetric" | "tiered";
  readonly label: string;
  readonly shape: Shape;
  readonly rows: readonly Row[];
}

/** Everything that the plot shows; a series without rows is left out. */
export interface PlotData {
  readonly series: readonly Series[];
  /** The exact float32 row; undefined when it was not measured. */
  readonly exact: Row | undefined;
}

/** Sorts the rows of a run into the curves of the plot. */
export function plotData(rows: readonly Row[]): PlotData {
  const coded = rows.filter(({ codec }) => codec !== null).sort((a, b) => a.bytes - b.bytes);
  const bare = coded.filter(({ originals }) => originals === "none");
  const fourier = bare.filter(({ codec }) => codec === "fourier");
  const series: Series[] = [
    { key: "eigen", label: "eigen", shape: "circle", rows: bare.filter(({ codec }) => codec === "eigen") },
    {
      key: "asymmetric",
      label: "Fourier, asymmetric",
      shape: "square",
      rows: fourier.filter(({ scoring }) => scoring === "asymmetric"),
    },
    {
      key: "symmetric",
      label: "Fourier, symmetric",
      shape: "triangle",
      rows: fourier.filter(({ scoring }) => scoring === "symmetric"),
    },
    {
      key: "tiered",
      label: "tiered: eigen in RAM, reranked from disk",
      shape: "diamond",
      rows: coded.filter(({ originals }) => originals !== "none"),
    },
  ];
  return {
    series: series.filter(({ rows: drawn }) => drawn.length > 0),
    exact: rows.find(({ name }) => name === "brute force float32"),
  };
}
