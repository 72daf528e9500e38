import type { Corpus } from "../corpus.js";
import type { Machine } from "../machine.js";
import type { Measurement } from "../measure.js";
import type { Row } from "../row.js";
import type { Sample, SampleHit, Samples } from "../samples.js";
import { type Column, formatNumber, renderTable } from "./table.js";

const TITLE_WIDTH = 88;

const COLUMNS: readonly Column<Row>[] = [
  { title: "", cell: ({ name }) => name, align: "left" },
  { title: "nDCG@10", cell: ({ ndcg10 }) => formatNumber(ndcg10, 4) },
  { title: "MRR@10", cell: ({ mrr10 }) => formatNumber(mrr10, 4) },
  { title: "R@10", cell: ({ recall10 }) => formatNumber(recall10, 4) },
  { title: "overlap", cell: ({ overlap10 }) => formatNumber(overlap10, 3) },
  { title: "RAM B/row", cell: ({ ramBytesPerRow }) => formatNumber(ramBytesPerRow, 1) },
  { title: "disk B/row", cell: ({ diskBytesPerRow }) => formatNumber(diskBytesPerRow) },
  { title: "ms/query", cell: ({ msPerQuery }) => formatNumber(msPerQuery, 3) },
  { title: "rows/s", cell: ({ ingestRowsPerSecond }) => formatNumber(ingestRowsPerSecond) },
];

/** What is measured, and on what machine. */
export function renderHeading({ ids, questions, dim }: Corpus, machine: Machine): string {
  const kernel = machine.kernel && `kernel ${machine.kernel.backend}/${machine.kernel.isa}`;
  const parts = [
    machine.cpu,
    `${machine.cores} cores`,
    `Node ${machine.node}`,
    `${machine.os} ${machine.arch}`,
    kernel,
    machine.commit && `commit ${machine.commit}`,
  ];
  return (
    `BEIR SciFact: ${formatNumber(ids.length)} abstracts, ${questions.length} claims, ` +
    `all-MiniLM-L6-v2 in ${dim} dimensions\n${parts.filter(Boolean).join(" · ")}\n`
  );
}

/** The sample questions with their hits, scores and tiers. */
export function renderSamples({ hotRows, coldRows, samples }: Samples): string {
  const intro =
    `Three claims, asked of a store that keeps ${formatNumber(hotRows)} rows hot (exact float32) and ` +
    `${formatNumber(coldRows)} cold (24 B):\n`;
  return `${intro}${samples.map(renderSample).join("")}  ✓ judged relevant by SciFact's annotators\n`;
}

/** The table with what has to be known to read it. */
export function renderResults(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ row }) => row);
  return [renderTable(COLUMNS, rows), ...footnotes(measurements), renderSpeed(rows)].join("");
}

/** How much faster eigen 48 B is than MemoryVectorStore; empty unless the run measured both. */
export function renderSpeed(rows: readonly Row[]): string {
  const eigen = rows.find(({ name }) => name === "eigen 48 B");
  const memory = rows.find(({ name }) => name.startsWith("MemoryVectorStore"));
  if (!eigen || !memory) return "";
  const times = formatNumber(memory.msPerQuery / eigen.msPerQuery, 1);
  return `eigen 48 B is ${times} times faster per query than MemoryVectorStore\n`;
}

function renderSample({ claim, hits }: Sample): string {
  const line = ({ title, score, tier, relevant }: SampleHit): string =>
    `  ${relevant ? "✓" : " "} ${formatNumber(score, 3)}  ${tier.padEnd(4)}  ${shorten(title, TITLE_WIDTH)}\n`;
  return `\n“${claim}”\n${hits.map(line).join("")}`;
}

function footnotes(measurements: readonly Measurement[]): string[] {
  const codebooks = (["eigen", "fourier"] as const).map((codec) => codebookSizes(measurements, codec)).filter(Boolean);
  return [
    "\noverlap: share of the exact top ten found (recall 10@10). RAM: what the tiers hold, no texts, no codebooks.\n",
    "disk: the closed database, texts included. ms/query: median of similaritySearchVectorWithScore(vector, 10).\n",
    "rows/s: from the first addVectors until all rows are coded, calibration included.\n",
    ...(codebooks.length > 0 ? [`Codebook, once per store, in KiB: ${codebooks.join("; ")}.\n`] : []),
    "\n",
  ];
}

function codebookSizes(measurements: readonly Measurement[], codec: Row["codec"]): string {
  const sizes = measurements.flatMap(({ row, footprint: { codebookBytes } }) =>
    row.codec === codec && codebookBytes !== null ? [`${row.bytes} B ${formatNumber(codebookBytes / 1024, 1)}`] : [],
  );
  return sizes.length > 0 ? `${codec} ${[...new Set(sizes)].join(", ")}` : "";
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1).trimEnd()}…`;
}
