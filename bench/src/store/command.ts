import { mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describeMachine } from "../../../examples/beir-scifact/src/machine.js";
import { type Column, formatNumber, renderTable } from "../../../examples/beir-scifact/src/report/table.js";
import { loadKernel } from "../../../packages/core/src/kernel/load.js";
import { inFreshProcess } from "../fresh-process.js";
import { parseOptions, positive } from "../options.js";
import { installPeers } from "../speed/peers.js";
import { UsageError } from "../usage-error.js";
import { loadStore, STORES, type StoreName } from "./contender.js";
import type { StoreFigures, StoreOrder } from "./measure.js";
import { type StoreTarget, storeTargets } from "./targets.js";

/** What `--help` prints of this suite. */
export const HELP = `store: a store of a million rows, from the first row to the millionth and after: rows a second, RAM, queries, writes
  --json             print one JSON object and nothing else
  --check            2,000 rows of ours for a moment: whether answers are right, not how fast they are
  --rows N           how many rows (default 1000000)
  --calls N          how often each kind of call is made (default 200)
  --only NAMES       only these, separated by commas: ${STORES.join(", ")}
  --folder DIR       where the stores are made and deleted, 5 GB in all (default bench/.data)
  Fails where ours does not run, or finds less than 0.95 of the exact first ten.
`;

const FOLDER = fileURLToPath(new URL("../../.data", import.meta.url));

/** The figures of a store, or why there are none. */
export interface StoreRow {
  readonly store: StoreName;
  readonly rows: number;
  readonly figures: StoreFigures | null;
  readonly error: string | null;
}

/** Runs the suite, prints its rows and returns the exit code. */
export async function store(args: readonly string[]): Promise<number> {
  const values = parseOptions(args, {
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    rows: { type: "string" },
    calls: { type: "string" },
    only: { type: "string" },
    folder: { type: "string", default: FOLDER },
    help: { type: "boolean", default: false },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { check } = values;
  const rows = rowsOf(values.rows ?? (check ? "2000" : "1000000"));
  const calls = positive("--calls", values.calls ?? (check ? "20" : "200"));
  const names = selected(values.only ?? (check ? "thermocline" : STORES.join(",")));
  const load = os.loadavg()[0] ?? 0;
  const kernel = await loadKernel(undefined);
  const missing = await installPeers(
    new Set(names.filter((name): name is PeerName => name === "lancedb" || name === "memory")),
  );
  const measured: StoreRow[] = [];
  for (const name of names) {
    const error = name === "lancedb" || name === "memory" ? missing.get(name) : undefined;
    measured.push(error === undefined ? await run(name, rows, calls, values.folder) : failed(name, rows, error));
  }
  const ours = measured.filter((row) => row.store.startsWith("thermocline"));
  const targets = ours.flatMap((row) => storeTargets(row.store, row.figures ?? undefined, rows));
  const { backend, isa, threads } = kernel;
  const machine = { ...(await describeMachine({ backend, isa, threads })), load };
  if (values.json) console.log(JSON.stringify({ machine, rows: measured, targets }));
  else process.stdout.write(`${renderTable(COLUMNS, measured)}\n${renderTable(TARGETS, targets)}`);
  for (const row of measured) if (row.error !== null) console.error(`${row.store}: ${row.error}`);
  return ours.some(({ figures }) => (figures?.overlap10 ?? 0) < 0.95) ? 1 : 0;
}

/** Rows may be more than other numbers are. */
function rowsOf(text: string): number {
  return /^[1-9]\d{6,7}$/.test(text) ? Number(text) : positive("--rows", text);
}

type PeerName = Extract<StoreName, "lancedb" | "memory">;

function selected(text: string): StoreName[] {
  return text.split(",").map((name) => {
    const found = STORES.find((store) => store === name);
    if (found) return found;
    throw new UsageError(`There is no store "${name}"; there are ${STORES.join(", ")}.`);
  });
}

function failed(store: StoreName, rows: number, error: string): StoreRow {
  return { store, rows, figures: null, error };
}

/** Fills a store in one process and asks it in another, where it outlives the first. */
async function run(store: StoreName, wanted: number, calls: number, parent: string): Promise<StoreRow> {
  const { most = wanted, open } = await loadStore(store);
  const rows = Math.min(wanted, most);
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, `${store}-`));
  try {
    const order = { store, folder, rows, calls };
    const phases: StoreOrder["phase"][] = open ? ["ingest", "serve"] : ["both"];
    const parts = [];
    for (const phase of phases) parts.push(await inFreshProcess("store", { ...order, phase } satisfies StoreOrder));
    return { store, rows, figures: Object.assign({}, ...parts) as StoreFigures, error: null };
  } catch (error) {
    return failed(store, rows, error instanceof Error ? error.message.slice(-400) : String(error));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const COLUMNS: readonly Column<StoreRow>[] = [
  { title: "", cell: ({ store }) => store, align: "left" },
  { title: "rows", cell: ({ rows }) => formatNumber(rows) },
  { title: "rows/s in", cell: ({ figures }) => formatNumber(figures?.ingestRowsPerSecond ?? null) },
  { title: "index s", cell: ({ figures }) => formatNumber(figures?.indexSeconds ?? null, 1) },
  { title: "open ms", cell: ({ figures }) => formatNumber(figures?.openMs ?? null) },
  { title: "ms/query", cell: ({ figures }) => formatNumber(figures?.queryMs ?? null, 2) },
  { title: "filtered", cell: ({ figures }) => formatNumber(figures?.filteredMs ?? null, 2) },
  { title: "replace ms", cell: ({ figures }) => formatNumber(figures?.upsertMs ?? null, 2) },
  { title: "delay in", cell: ({ figures }) => formatNumber(figures?.ingestDelayP99Ms ?? null, 1) },
  { title: "delay", cell: ({ figures }) => formatNumber(figures?.serveDelayP99Ms ?? null, 1) },
  { title: "overlap", cell: ({ figures }) => formatNumber(figures?.overlap10 ?? null, 3) },
  { title: "RAM MB", cell: ({ figures }) => formatNumber(figures ? figures.ramBytes / 1e6 : null) },
  { title: "file MB", cell: ({ figures }) => formatNumber(figures ? figures.fileBytes / 1e6 : null) },
];

const TARGETS: readonly Column<StoreTarget>[] = [
  { title: "", cell: ({ store }) => store, align: "left" },
  { title: "", cell: ({ what }) => what, align: "left" },
  { title: "measured", cell: ({ measured }) => formatNumber(measured, 2) },
  { title: "wanted", cell: ({ is, limit }) => `${is} ${limit}`, align: "left" },
  { title: "", cell: ({ met }) => (met === null ? "not measured" : met ? "met" : "MISSED"), align: "left" },
];
