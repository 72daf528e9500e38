// Writes the demo's table into README.md from a record of its JSON, so that no figure is typed by hand.
// usage: node scripts/figures.mjs          (npm run --silent demo -- --json > bench/record/scifact.json makes the record)
import { readFileSync, writeFileSync } from "node:fs";
import { root } from "./files.mjs";

/** @type {[title: string, key: string, show: (value: string | number | null) => string][]} */
const COLUMNS = [
  ["", "name", String],
  ["nDCG@10", "ndcg10", fixed(4)],
  ["MRR@10", "mrr10", fixed(4)],
  ["Recall@10", "recall10", fixed(4)],
  ["overlap", "overlap10", fixed(3)],
  ["RAM B/row", "ramBytesPerRow", fixed(0)],
  ["disk B/row", "diskBytesPerRow", fixed(0)],
  ["ms/query", "msPerQuery", fixed(3)],
  ["ingest rows/s", "ingestRowsPerSecond", fixed(0)],
];

/** @param {number} digits */
function fixed(digits) {
  const format = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (/** @type {string | number | null} */ value) => (value === null ? "–" : format.format(Number(value)));
}

/**
 * The table of a record as Markdown.
 * @param {{ machine: Record<string, unknown>, rows: Record<string, string | number | null>[] }} record
 */
export function table({ machine, rows }) {
  const lines = [
    `| ${COLUMNS.map(([title]) => title).join(" | ")} |`,
    `|${COLUMNS.map((_, i) => (i === 0 ? "---" : "--:")).join("|")}|`,
    ...rows.map((row) => `| ${COLUMNS.map(([, key, show]) => show(row[key] ?? null)).join(" | ")} |`),
  ];
  const { cpu, cores, node, kernel } = machine;
  const isa = typeof kernel === "object" && kernel !== null && "isa" in kernel ? `, ${kernel.isa}` : "";
  return `${lines.join("\n")}\n\nOne run on ${cpu} (${cores} cores${isa}), Node ${node}; times of shared machines are noisy, compare them by ratio.`;
}

const page = `${root}README.md`;
const record = JSON.parse(readFileSync(`${root}bench/record/scifact.json`, "utf8"));
const text = readFileSync(page, "utf8");
const between = /(<!-- figures -->\n)[\s\S]*?(<!-- \/figures -->)/;
writeFileSync(
  page,
  text.replace(between, (_, begin, end) => `${begin}${table(record)}\n${end}`),
);
