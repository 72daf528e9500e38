import type { Machine } from "../../../examples/beir-scifact/src/machine.js";
import { type Column, formatNumber, renderTable } from "../../../examples/beir-scifact/src/report/table.js";
import { DATASETS } from "./cases.js";
import type { QualityRow } from "./measure.js";

const COLUMNS: readonly Column<QualityRow>[] = [
  { title: "", cell: ({ name }) => name, align: "left" },
  { title: "nDCG@10", cell: ({ ndcg10 }) => formatNumber(ndcg10, 4) },
  { title: "ratio", cell: ({ ndcgRatio }) => formatNumber(ndcgRatio, 3) },
  { title: "overlap", cell: ({ overlap10 }) => formatNumber(overlap10, 3) },
  { title: "in 100", cell: ({ overlap10at100 }) => formatNumber(overlap10at100, 3) },
  { title: "fit s", cell: ({ fitSeconds }) => formatNumber(fitSeconds, 2) },
  { title: "rows/s", cell: ({ encodeRowsPerSecond }) => formatNumber(encodeRowsPerSecond) },
  { title: "codebook KiB", cell: ({ codebookBytes }) => formatNumber(codebookBytes && codebookBytes / 1024, 1) },
  { title: "sample", cell: ({ sampleRows }) => formatNumber(sampleRows) },
];

/** A finished row in one line. */
export function summary({ dataset, name, overlap10, fitSeconds }: QualityRow): string {
  return `${dataset}, ${name}: overlap ${formatNumber(overlap10, 3)}, fitted in ${formatNumber(fitSeconds, 2)} s`;
}

/** A table for each data set, under the machine. */
export function renderRows(machine: Machine, rows: readonly QualityRow[], totalSeconds: number): string {
  const { cpu, cores, node, kernel, commit } = machine;
  const where = [cpu, `${cores} cores`, `Node ${node}`, kernel?.isa, commit && `commit ${commit}`];
  const tables = DATASETS.flatMap((dataset) => {
    const own = rows.filter((row) => row.dataset === dataset);
    const [first] = own;
    if (!first) return [];
    const seeds = first.seeds === 1 ? "one seed" : `medians of ${first.seeds} seeds`;
    const size = `${formatNumber(first.rows)} rows of ${first.dim} dimensions, ${first.queries} queries, ${seeds}`;
    return [`${dataset}: ${size}\n${renderTable(COLUMNS, own).trimEnd()}`];
  });
  return [where.filter(Boolean).join(" · "), ...tables, `${formatNumber(totalSeconds)} s in all.`]
    .join("\n\n")
    .concat("\n");
}
