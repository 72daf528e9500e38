// The columns of the tables that figures.mjs writes, and tables of Markdown.

/** @typedef {string | number | boolean | null} Value */
/** @typedef {Record<string, unknown>} Row */
/** @typedef {{ machine: Record<string, unknown>, rows: Row[], targets?: Row[], scans?: Row[], replays?: Row[] }} Report */
/** @typedef {[title: string, key: string, show: (value: Value) => string][]} Columns */

/** @type {Columns} */
export const DEMO = [
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
export const QUALITY = [
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
export const BYTES = [
  ["data", "dataset", text],
  ["rows", "rows", fixed(0)],
  ["dimensions", "dim", fixed(0)],
  ["bytes a row", "bytes", fixed(0)],
  ["overlap 10@10", "overlap10", fixed(3)],
  ["10@100", "overlap10at100", fixed(3)],
  ["nDCG@10 of brute force's", "ndcgRatio", fixed(3)],
];

/** @type {Columns} */
export const PUBLISHED = [
  ["", "name", text],
  ["bytes a row", "bytes", fixed(0)],
  ["nDCG@10", "ndcg10", fixed(4)],
  ["overlap 10@10", "overlap10", fixed(3)],
];

/** @type {Columns} */
export const SPEED = [
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
export const SCANS = [
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
export const STORE = [
  ["", "store", text],
  ["rows", "rows", fixed(0)],
  ["rows/s in", "ingestRowsPerSecond", fixed(0)],
  ["index s", "indexSeconds", fixed(1)],
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
export const TIERS = [
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
export const REPLAYS = [
  ["Zipf's exponent", "skew", fixed(1)],
  ["days", "seeds", fixed(0)],
  ["of hits hot", "hotShare", fixed(4)],
  ["with LRU", "lru", fixed(4)],
  ["with textbook LRU", "textbookLru", fixed(4)],
  ["least gain on LRU", "leastGain", fixed(4)],
];

/** @type {(of: string) => Columns} */
export const TARGETS = (of) => [
  ["", of, text],
  ["", "what", text],
  ["measured", "measured", fixed(2)],
  ["", "is", text],
  ["wanted", "limit", fixed(2)],
  ["", "met", (met) => (met === null ? "not measured" : met ? "met" : "**missed**")],
];

/** @param {Value} value */
export function text(value) {
  return value === null ? "–" : String(value);
}

/** @param {number} digits */
export function fixed(digits) {
  const format = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (/** @type {Value} */ value) => (value === null ? "–" : format.format(Number(value)));
}

/**
 * Rows as a table of Markdown.
 * @param {Columns} columns
 * @param {Row[]} rows
 */
export function table(columns, rows) {
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
export function cellOf(row, key) {
  const value = row[key];
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}
