import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describeMachine } from "../../../examples/beir-scifact/src/machine.js";
import { type Column, formatNumber, renderTable } from "../../../examples/beir-scifact/src/report/table.js";
import { loadKernel } from "../../../packages/core/src/kernel/load.js";
import { parseOptions, positive } from "../options.js";
import { DATASETS_FOLDER } from "../quality/collection.js";
import { UsageError } from "../usage-error.js";
import { dayOf, wordnet } from "./day.js";
import { build, POLICIES, type ReplayRow, replayed, spend, type TiersRow } from "./measure.js";

/** Share of the rows that are hot. */
const HOT = 0.05;

/** Least share of the exact answers that hits have to have, cold ones rescored from originals. */
const OVERLAP = 0.99;

/** Queries of a whole day. */
const DAY = 6_000;

/** Shares that are this near are alike in a shorter day, when every policy does little but fill the tier. */
const ALIKE = 0.002;

/** What `--help` prints of this suite. */
export const HELP = `tiers: which share of the hits a hot tier of 5 % serves over a day, beside LRU and no moves up
  --json             print one JSON object and nothing else
  --skew NUMBERS     exponents of Zipf's law, separated by commas (default 0.6,0.8,1,1.2,1.4)
  --queries N        queries of a day (default ${DAY})
  --seeds N          days that are replayed without a store (default 5)
  --datasets DIR     where wordnet is, as for quality
`;

/** Runs the suite and returns the exit code: 0, or 1 where LRU was better, or hits were not the exact ones, or WordNet is not there. */
export async function tiers(args: readonly string[]): Promise<number> {
  const values = parseOptions(args, {
    json: { type: "boolean", default: false },
    skew: { type: "string", default: "0.6,0.8,1,1.2,1.4" },
    queries: { type: "string", default: String(DAY) },
    seeds: { type: "string", default: "5" },
    datasets: { type: "string" },
    help: { type: "boolean", default: false },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const skews = values.skew.split(",").map(skewOf);
  const [queries, seeds] = [positive("--queries", values.queries), positive("--seeds", values.seeds)];
  const folder = values.datasets || process.env.THERMOCLINE_DATASETS || DATASETS_FOLDER;
  const began = performance.now();
  const kernel = await loadKernel(undefined);
  const world = await wordnet(kernel, folder);
  if (!world) {
    console.error(`wordnet's files are not in ${folder} (bench/README.md says how to make them).`);
    return 1;
  }
  const capacity = Math.floor((HOT * world.documents.length) / world.dim);
  const rows: TiersRow[] = [];
  const replays: ReplayRow[] = [];
  const temporary = await mkdtemp(path.join(tmpdir(), "thermocline-tiers-"));
  try {
    const base = path.join(temporary, "base.db");
    await build(base, world, capacity);
    for (const skew of skews) {
      replays.push(await replayed(kernel, world, skew, { queries, seeds, capacity }));
      const day = dayOf(kernel, world, { seed: 1, skew, queries });
      for (const policy of POLICIES) rows.push(await spend(world, day, base, policy, skew, capacity));
    }
  } finally {
    await rm(temporary, { recursive: true });
  }
  const failures = judged(rows, replays);
  const totalSeconds = Math.round((performance.now() - began) / 1000);
  const machine = await describeMachine({ backend: kernel.backend, isa: kernel.isa, threads: kernel.threads });
  if (values.json) console.log(JSON.stringify({ machine, capacity, rows, replays, failures, totalSeconds }));
  else process.stdout.write(rendered(rows, replays, totalSeconds));
  for (const failure of failures) console.error(failure);
  return failures.length === 0 ? 0 : 1;
}

/** What was promised and is not so. */
export function judged(rows: readonly TiersRow[], replays: readonly ReplayRow[]): string[] {
  const share = (skew: number, name: string) =>
    rows.find((row) => row.skew === skew && row.policy === name)?.hotShare ?? 0;
  const alike = rows.every(({ queries }) => queries >= DAY) ? 0 : ALIKE;
  return [
    ...rows
      .filter(({ overlap10 }) => overlap10 < OVERLAP)
      .map(({ skew, policy, overlap10 }) => `${policy} at skew ${skew}: overlap ${overlap10}, below ${OVERLAP}.`),
    ...replays.flatMap(({ skew, hotShare, lru }) => [
      ...(share(skew, "thermocline") < share(skew, "lru") - alike ? [`LRU serves more from hot at skew ${skew}.`] : []),
      ...(hotShare < lru - alike ? [`LRU serves more from hot in replays at skew ${skew}.`] : []),
    ]),
  ];
}

function skewOf(text: string): number {
  if (/^\d(\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`--skew takes numbers from 0 to 9.9, not "${text}".`);
}

const percent = (share: number) => formatNumber(100 * share, 1);
const mebibytes = (bytes: number) => formatNumber(bytes / 2 ** 20, 1);

const COLUMNS: readonly Column<TiersRow>[] = [
  { title: "skew", cell: ({ skew }) => formatNumber(skew, 1) },
  { title: "policy", cell: ({ policy }) => policy, align: "left" },
  { title: "hot %", cell: ({ hotShare }) => percent(hotShare) },
  { title: "ms/query", cell: ({ msPerQuery }) => formatNumber(msPerQuery, 2) },
  { title: "up/query", cell: ({ promotionsPerQuery }) => formatNumber(promotionsPerQuery, 2) },
  { title: "RAM MiB", cell: ({ ramBytes }) => mebibytes(ramBytes) },
  { title: "file MiB", cell: ({ diskBytes }) => mebibytes(diskBytes) },
  { title: "overlap", cell: ({ overlap10 }) => formatNumber(overlap10, 4) },
];

const REPLAYS: readonly Column<ReplayRow>[] = [
  { title: "skew", cell: ({ skew }) => formatNumber(skew, 1) },
  { title: "hot %", cell: ({ hotShare }) => percent(hotShare) },
  { title: "LRU %", cell: ({ lru }) => percent(lru) },
  { title: "textbook LRU %", cell: ({ textbookLru }) => percent(textbookLru) },
  { title: "least gain", cell: ({ leastGain }) => percent(leastGain) },
];

function rendered(rows: readonly TiersRow[], replays: readonly ReplayRow[], totalSeconds: number): string {
  const [first] = replays;
  const title = `Replayed, means of ${first?.seeds ?? 0} seeds`;
  return `${renderTable(COLUMNS, rows)}\n${title}\n${renderTable(REPLAYS, replays)}\n${totalSeconds} s in all.\n`;
}
