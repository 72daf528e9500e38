// Writes tables into pages from records of our own JSON, so that no figure is typed by hand.
// usage: node scripts/figures.mjs
//   npm run --silent demo -- --json > bench/record/scifact.json            makes the record of README.md
//   npm run --silent bench -- quality --json > bench/record/quality.json   makes that of bench/README.md
import { readFileSync, writeFileSync } from "node:fs";
import { root } from "./files.mjs";

/** @typedef {string | number | null} Value */
/** @typedef {[title: string, key: string, show: (value: Value) => string][]} Columns */

/** @type {Columns} */
const DEMO = [
  ["", "name", text],
  ["nDCG@10", "ndcg10", fixed(4)],
  ["MRR@10", "mrr10", fixed(4)],
  ["Recall@10", "recall10", fixed(4)],
  ["overlap", "overlap10", fixed(3)],
  ["RAM B/row", "ramBytesPerRow", fixed(0)],
  ["disk B/row", "diskBytesPerRow", fixed(0)],
  ["ms/query", "msPerQuery", fixed(3)],
  ["ingest rows/s", "ingestRowsPerSecond", fixed(0)],
];

/** @type {Columns} */
const QUALITY = [
  ["", "dataset", text],
  ["", "name", text],
  ["nDCG@10", "ndcg10", fixed(4)],
  ["of brute force", "ndcgRatio", fixed(3)],
  ["overlap 10@10", "overlap10", fixed(3)],
  ["10@100", "overlap10at100", fixed(3)],
  ["codebook bytes", "codebookBytes", fixed(0)],
  ["fit s", "fitSeconds", fixed(1)],
  ["encode rows/s", "encodeRowsPerSecond", fixed(0)],
  ["seeds", "seeds", fixed(0)],
];

/** @param {Value} value */
function text(value) {
  return value === null ? "–" : String(value);
}

/** @param {number} digits */
function fixed(digits) {
  const format = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (/** @type {Value} */ value) => (value === null ? "–" : format.format(Number(value)));
}

/**
 * The table of a record as Markdown.
 * @param {Columns} columns
 * @param {{ machine: Record<string, unknown>, rows: Record<string, Value>[] }} record
 */
export function table(columns, { machine, rows }) {
  const lines = [
    `| ${columns.map(([title]) => title).join(" | ")} |`,
    `|${columns.map(([, , show]) => (show === text ? "---" : "--:")).join("|")}|`,
    ...rows.map((row) => `| ${columns.map(([, key, show]) => show(row[key] ?? null)).join(" | ")} |`),
  ];
  const { cpu, cores, node, kernel } = machine;
  const isa = typeof kernel === "object" && kernel !== null && "isa" in kernel ? `, ${kernel.isa}` : "";
  return `${lines.join("\n")}\n\nOne run on ${cpu} (${cores} cores${isa}), Node ${node}; times of shared machines are noisy, compare them by ratio.`;
}

const between = /(<!-- figures -->\n)[\s\S]*?(<!-- \/figures -->)/;
/** @type {[page: string, record: string, columns: Columns][]} */
const pages = [
  ["README.md", "scifact", DEMO],
  ["bench/README.md", "quality", QUALITY],
];
for (const [page, record, columns] of pages) {
  const figures = table(columns, JSON.parse(readFileSync(`${root}bench/record/${record}.json`, "utf8")));
  const before = readFileSync(`${root}${page}`, "utf8");
  writeFileSync(
    `${root}${page}`,
    before.replace(between, (_, begin, end) => `${begin}${figures}\n${end}`),
  );
}
