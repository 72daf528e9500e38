// Writes tables into pages from records of our own JSON, so that no figure is typed by hand.
// usage: node scripts/figures.mjs
//   npm run --silent demo -- --json > bench/record/scifact.json            makes the record of README.md
//   npm run --silent bench -- quality --json > bench/record/quality.json   makes one of bench/README.md
//   npm run --silent bench -- speed --json > bench/record/speed.json       makes another
//   npm run --silent bench -- tiers --json > bench/record/tiers.json       makes another
//   npm run --silent bench -- store --json > bench/record/store.json       makes another
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { root } from "./files.mjs";

/** @typedef {string | number | boolean | null} Value */
/** @typedef {Record<string, unknown>} Row */
/** @typedef {{ machine: Record<string, unknown>, rows: Row[], targets?: Row[], scans?: Row[], replays?: Row[] }} Report */
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

/** @type {Columns} */
const SPEED = [
  ["", "contender", text],
  ["", "level", text],
  ["threads", "threads", fixed(0)],
  ["B/row", "bytes", fixed(0)],
  ["ms/query", "msPerQuery", fixed(3)],
  ["queries/s", "queriesPerSecond", fixed(0)],
  ["overlap", "overlap10", fixed(3)],
  ["RAM B/row", "ramBytesPerRow", fixed(0)],
  ["of bandwidth", "roofline", fixed(2)],
  ["open ms", "openMs", fixed(0)],
  ["build s", "buildSeconds", fixed(1)],
];

/** @type {Columns} */
const SCANS = [
  ["", "isa", text],
  ["B/row", "bytes", fixed(0)],
  ["progressive", "progressive", text],
  ["rows allowed", "allow", fixed(2)],
  ["ns/row", "nsPerRow", fixed(3)],
  ["of bandwidth", "roofline", fixed(2)],
  ["overlap", "overlapExact", fixed(3)],
  ["instructions/row", "instructionsPerRow", fixed(1)],
];

/** @type {Columns} */
const STORE = [
  ["", "store", text],
  ["rows", "rows", fixed(0)],
  ["rows/s in", "ingestRowsPerSecond", fixed(0)],
  ["open ms", "openMs", fixed(0)],
  ["ms/query", "queryMs", fixed(2)],
  ["filtered", "filteredMs", fixed(2)],
  ["replace ms", "upsertMs", fixed(2)],
  ["delay p99 in", "ingestDelayP99Ms", fixed(1)],
  ["delay p99", "serveDelayP99Ms", fixed(1)],
  ["overlap", "overlap10", fixed(3)],
  ["RAM MB", "ramMegabytes", fixed(0)],
  ["file MB", "fileMegabytes", fixed(0)],
];

/** @type {Columns} */
const TIERS = [
  ["Zipf's exponent", "skew", fixed(1)],
  ["policy", "policy", text],
  ["of hits hot", "hotShare", fixed(4)],
  ["ms/query", "msPerQuery", fixed(2)],
  ["up/query", "promotionsPerQuery", fixed(2)],
  ["down/query", "demotionsPerQuery", fixed(2)],
  ["hot rows", "hotRows", fixed(0)],
  ["RAM bytes", "ramBytes", fixed(0)],
  ["disk bytes", "diskBytes", fixed(0)],
  ["overlap", "overlap10", fixed(4)],
];

/** @type {Columns} */
const REPLAYS = [
  ["Zipf's exponent", "skew", fixed(1)],
  ["days", "seeds", fixed(0)],
  ["of hits hot", "hotShare", fixed(4)],
  ["with LRU", "lru", fixed(4)],
  ["with textbook LRU", "textbookLru", fixed(4)],
  ["least gain on LRU", "leastGain", fixed(4)],
];

/** @type {(of: string) => Columns} */
const TARGETS = (of) => [
  ["", of, text],
  ["", "what", text],
  ["measured", "measured", fixed(2)],
  ["", "is", text],
  ["wanted", "limit", fixed(2)],
  ["", "met", (met) => (met === null ? "not measured" : met ? "met" : "**missed**")],
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
 * Rows as a table of Markdown.
 * @param {Columns} columns
 * @param {Row[]} rows
 */
function table(columns, rows) {
  return [
    `| ${columns.map(([title]) => title).join(" | ")} |`,
    `|${columns.map(([, , show]) => (show === text ? "---" : "--:")).join("|")}|`,
    ...rows.map((row) => `| ${columns.map(([, key, show]) => show(cellOf(row, key))).join(" | ")} |`),
  ].join("\n");
}

/**
 * @param {Row} row
 * @param {string} key
 * @returns {Value}
 */
function cellOf(row, key) {
  const value = row[key];
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

/**
 * Where a record was made, as the sentence under its tables.
 * @param {Report} report
 */
function source({ machine }) {
  const { cpu, cores, node, kernel } = machine;
  const isa = typeof kernel === "object" && kernel !== null && "isa" in kernel ? `, ${kernel.isa}` : "";
  return `One run on ${cpu} (${cores} cores${isa}), Node ${node}; times of shared machines are noisy, compare them by ratio.`;
}

/** @param {Columns} columns */
function plain(columns) {
  return (/** @type {Report} */ report) => `${table(columns, report.rows)}\n\n${source(report)}`;
}

/**
 * A table for each data set, fastest first whoever it is, and one of what was promised.
 * @param {Report} report
 */
function speed(report) {
  const measured = report.rows.filter(({ msPerQuery }) => typeof msPerQuery === "number");
  const parts = [...new Set(measured.map(({ dataset }) => dataset))].map((dataset) => {
    const rows = measured
      .filter((row) => row.dataset === dataset)
      .sort((a, b) => Number(a.msPerQuery) - Number(b.msPerQuery));
    const marked = rows.map((row) => ({
      ...row,
      contender: String(row.contender).replace(/^Thermocline.*/, "**$&**"),
    }));
    return `**${dataset}**, ${fixed(0)(cellOf(rows[0] ?? {}, "rows"))} rows:\n\n${table(SPEED, marked)}`;
  });
  const failed = report.rows.flatMap(({ dataset, contender, error }) =>
    error ? [`- ${dataset}, ${contender}: ${error}`] : [],
  );
  if (failed.length > 0) parts.push(`Not measured:\n\n${failed.join("\n")}`);
  if (report.scans?.length)
    parts.push(
      `The scan alone, ${fixed(0)(cellOf(report.scans[0] ?? {}, "rows"))} rows:\n\n${table(SCANS, report.scans)}`,
    );
  return [...parts, table(TARGETS("dataset"), report.targets ?? []), source(report)].join("\n\n");
}

/** @param {Report} report */
function store(report) {
  const rows = report.rows.map((row) => {
    const figures = /** @type {Row} */ (row["figures"] ?? {});
    const [ram, file] = [figures["ramBytes"], figures["fileBytes"]];
    // A store in memory has no file.
    return { ...row, ...figures, ramMegabytes: megabytes(ram), fileMegabytes: megabytes(file || null) };
  });
  return [table(STORE, rows), table(TARGETS("store"), report.targets ?? []), source(report)].join("\n\n");
}

/** @param {unknown} bytes */
function megabytes(bytes) {
  return typeof bytes === "number" ? bytes / 1e6 : null;
}

/** @param {Report} report */
function tiers(report) {
  return [table(TIERS, report.rows), table(REPLAYS, report.replays ?? []), source(report)].join("\n\n");
}

/** @type {[page: string, mark: string, record: string, show: (report: Report) => string][]} */
const pages = [
  ["README.md", "figures", "scifact", plain(DEMO)],
  ["bench/README.md", "figures", "quality", plain(QUALITY)],
  ["bench/README.md", "figures of speed", "speed", speed],
  ["bench/README.md", "figures of tiers", "tiers", tiers],
  ["bench/README.md", "figures of stores", "store", store],
];
for (const [page, mark, record, show] of pages) {
  const file = `${root}bench/record/${record}.json`;
  if (!existsSync(file)) continue;
  const figures = show(JSON.parse(readFileSync(file, "utf8")));
  const before = readFileSync(`${root}${page}`, "utf8");
  const between = new RegExp(`(<!-- ${mark} -->\\n)[\\s\\S]*?(<!-- /${mark} -->)`);
  writeFileSync(
    `${root}${page}`,
    before.replace(between, (_, begin, end) => `${begin}${figures}\n${end}`),
  );
}
