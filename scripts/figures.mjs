// Writes tables into pages from records of our own JSON, so that no figure is typed by hand.
// usage: node scripts/figures.mjs [--check]
// With --check it writes nothing, and fails where a page has other figures than the records.
//   npm run --silent demo -- --json > bench/record/scifact.json            makes the record of README.md
//   npm run --silent bench -- quality --json > bench/record/quality.json   makes one of bench/README.md
//   npm run --silent bench -- speed --json > bench/record/speed.json       makes another
//   npm run --silent bench -- tiers --json > bench/record/tiers.json       makes another
//   npm run --silent bench -- store --json > bench/record/store.json       makes another
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import {
  BYTES,
  cellOf,
  DEMO,
  fixed,
  PUBLISHED,
  QUALITY,
  REPLAYS,
  SCANS,
  SPEED,
  STORE,
  TARGETS,
  TIERS,
  table,
} from "./figure-tables.mjs";
import { root } from "./files.mjs";

/** @typedef {import("./figure-tables.mjs").Row} Row */
/** @typedef {import("./figure-tables.mjs").Report} Report */
/** @typedef {import("./figure-tables.mjs").Value} Value */
/** @typedef {import("./figure-tables.mjs").Columns} Columns */

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

/**
 * What codes of each size find, with codebooks as stores fit them.
 * @param {Report} report
 */
function bytes(report) {
  const rows = report.rows.filter(
    ({ codec, effort, name }) => codec === "eigen" && !effort && !/ 1024 /.test(String(name)),
  );
  return `${table(BYTES, rows)}\n\n${source(report)}`;
}

/**
 * The published codecs beside the store's own at their sizes.
 * @param {Report} report
 */
function published(report) {
  const sizes = new Set(report.rows.filter(({ codec }) => codec === "fourier").map((row) => row["bytes"]));
  const rows = report.rows.filter((row) => row["codec"] && sizes.has(row["bytes"]) && row["originals"] === "none");
  return table(PUBLISHED, rows);
}

/**
 * The row of a record that a sentence is about.
 * @param {Report} report
 * @param {Row} wanted
 */
function rowOf(report, wanted) {
  const row = report.rows.find((each) => Object.entries(wanted).every(([key, value]) => each[key] === value));
  if (!row) throw new Error(`No row of the record has ${JSON.stringify(wanted)}.`);
  return (/** @type {string} */ key, /** @type {number} */ digits) => fixed(digits)(cellOf(row, key));
}

/**
 * What the README says of search quality.
 * @param {Report} report
 */
function qualityFacts(report) {
  const [exact, tiered, small, fourier] = [
    { codec: null, originals: null, bytes: 1536 },
    { codec: "eigen", bytes: 24, originals: "float16" },
    { codec: "eigen", bytes: 24, originals: "none" },
    { codec: "fourier", bytes: 24, scoring: "symmetric" },
  ].map((wanted) => rowOf(report, wanted));
  if (!exact || !tiered || !small || !fourier) throw new Error("The record lacks a row.");
  return [
    `- **Codes of ${tiered("bytes", 0)} bytes, reranked from disk, answer as ${exact("bytes", 0)} bytes of float32 do.** On BEIR SciFact nDCG@10 is ${tiered("ndcg10", 4)}`,
    `  beside ${exact("ndcg10", 4)} of exact search, with ${tiered("overlap10", 3)} of the exact top ten. Without reranking it is ${small("ndcg10", 4)}; published Fourier`,
    `  codes of the same size have ${fourier("ndcg10", 4)}.`,
  ].join("\n");
}

/**
 * What the README says of speed, at 117,791 rows.
 * @param {Report} report
 */
function speedFacts(report) {
  const at = { dataset: "wordnet", level: "store", mode: "single", threads: 1 };
  const of = (/** @type {string} */ contender) => rowOf(report, { ...at, contender });
  const [ours, memory, exact] = [of("Thermocline 48 B, reranked"), of("MemoryVectorStore"), of("Thermocline all hot")];
  return [
    `- **A query over ${ours("rows", 0)} rows takes ${ours("msPerQuery", 1)} ms** on one thread, at 48 bytes a row with reranking, which finds ${ours("overlap10", 4)} of the`,
    `  exact top ten. The same rows all hot take ${exact("msPerQuery", 1)} ms, LangChain's MemoryVectorStore ${memory("msPerQuery", 0)} ms.`,
  ].join("\n");
}

/**
 * What the README says of a million rows.
 * @param {Report} report
 */
function millionFacts(report) {
  const at = { dataset: "synthetic-1m", level: "store", mode: "single", threads: 1 };
  const [ours, exact] = ["Thermocline 48 B, reranked", "Thermocline all hot"].map((contender) =>
    rowOf(report, { ...at, contender }),
  );
  if (!ours || !exact) throw new Error("The record lacks a row.");
  return [
    `- **A million rows of 384 dimensions cost ${ours("ramBytesPerRow", 0)} bytes of RAM each**, by what the process grows, where exact ones cost`,
    `  ${exact("ramBytesPerRow", 0)}; a query takes ${ours("msPerQuery", 1)} ms beside ${exact("msPerQuery", 1)} ms, and finds ${ours("overlap10", 4)} of the exact top ten.`,
    "",
    source(report),
  ].join("\n");
}

/** @type {[page: string, mark: string, record: string, show: (report: Report) => string][]} */
const pages = [
  ["README.md", "facts of quality", "scifact", qualityFacts],
  ["README.md", "facts of speed", "speed", speedFacts],
  ["README.md", "facts of a million rows", "speed", millionFacts],
  ["bench/README.md", "figures", "quality", plain(QUALITY)],
  ["bench/README.md", "figures of speed", "speed", speed],
  ["bench/README.md", "figures of tiers", "tiers", tiers],
  ["bench/README.md", "figures of stores", "store", store],
  ["docs/choosing-bytes.md", "figures of bytes", "quality", bytes],
  ["docs/published-systems.md", "figures of the published", "scifact", published],
  ["docs/benchmarks.md", "figures of scifact", "scifact", plain(DEMO)],
  ["docs/benchmarks.md", "figures of quality", "quality", plain(QUALITY)],
  ["docs/benchmarks.md", "figures of speed", "speed", speed],
  ["docs/benchmarks.md", "figures of tiers", "tiers", tiers],
  ["docs/benchmarks.md", "figures of stores", "store", store],
];
const check = process.argv[2] === "--check";
for (const [page, mark, record, show] of pages) {
  const file = `${root}bench/record/${record}.json`;
  if (!existsSync(file)) continue;
  const figures = show(JSON.parse(readFileSync(file, "utf8")));
  const before = readFileSync(`${root}${page}`, "utf8");
  const between = new RegExp(`(<!-- ${mark} -->\\n)[\\s\\S]*?(<!-- /${mark} -->)`);
  if (!between.test(before)) throw new Error(`${page} has no place for the ${mark}.`);
  const after = before.replace(between, (_, begin, end) => `${begin}${figures}\n${end}`);
  if (!check) writeFileSync(`${root}${page}`, after);
  else if (after !== before) {
    console.log(`${page} has other ${mark} than bench/record/${record}.json: run node scripts/figures.mjs`);
    process.exitCode = 1;
  }
}
