import { median } from "../../../examples/beir-scifact/src/metrics.js";
import { root } from "../../../scripts/files.mjs";
import { type Built, builtFor } from "./builds.js";
import { fullName, type Mode, type SpeedCase } from "./cases.js";
import type { Dataset, DatasetName } from "./dataset.js";
import type { Figures } from "./measure.js";
import { type Missing, versionOf } from "./peers.js";
import { carriedOut } from "./processes.js";

/** One line of the record. What could not be measured is null, and `error` says why. */
export interface SpeedRow {
  readonly dataset: DatasetName;
  readonly rows: number;
  readonly dim: number;
  readonly contender: string;
  readonly version: string | null;
  readonly level: SpeedCase["level"];
  readonly mode: Mode;
  readonly bytes: number;
  readonly threads: number;
  readonly k: number;
  readonly msPerQuery: number | null;
  readonly queriesPerSecond: number | null;
  readonly overlap10: number | null;
  readonly ramBytesPerRow: number | null;
  /** Bytes scanned a second over what one thread can read; null where not every row is read. */
  readonly roofline: number | null;
  readonly openMs: number | null;
  readonly buildSeconds: number | null;
  readonly eventLoopDelayP99Ms: number | null;
  readonly queries: number | null;
  readonly rounds: number;
  readonly error: string | null;
}

/** What steers a run. */
export interface RunOptions {
  readonly cache: string;
  readonly rounds: number;
  /** How long each process goes on asking. */
  readonly seconds: number;
  readonly missing: Missing;
  /** Of one thread, in bytes a second; null where it was not measured. */
  readonly bandwidth: number | null;
  readonly onStep: (text: string) => void;
}

interface Entry {
  readonly test: SpeedCase;
  readonly dataset: Dataset;
  version: string | null;
  built: Built | undefined;
  readonly figures: Figures[];
  error: string | null;
}

/** Builds what is to be opened, then measures all cases once a round, so that a disturbance hits all of them alike. */
export async function run(
  cases: readonly SpeedCase[],
  datasets: ReadonlyMap<DatasetName, Dataset>,
  options: RunOptions,
): Promise<SpeedRow[]> {
  const entries = cases.flatMap((test): Entry[] => {
    const dataset = datasets.get(test.dataset);
    const error = options.missing.get(test.contender) ?? null;
    return dataset ? [{ test, dataset, version: null, built: undefined, figures: [], error }] : [];
  });
  for (const [index, entry] of entries.entries()) {
    options.onStep(`${index + 1} of ${entries.length}: building for ${fullName(entry.test)}`);
    await attempt(entry, async () => {
      entry.version = await versionOf(entry.test.contender);
      entry.built = await builtFor(entry.test, entry.dataset, { cache: options.cache, version: entry.version });
    });
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const [index, entry] of entries.entries()) {
      const place = `round ${round} of ${options.rounds}, ${index + 1} of ${entries.length}`;
      options.onStep(`${place}: ${fullName(entry.test)}`);
      await attempt(entry, async () => {
        const { test, dataset, built } = entry;
        const folder = built?.folder ?? "";
        entry.figures.push(await carriedOut({ ...test, phase: "measure", dataset, folder, seconds: options.seconds }));
      });
    }
  }
  return entries.map((entry) => toRow(entry, options));
}

/** A contender that failed once is not asked again. */
async function attempt(entry: Entry, action: () => Promise<void>): Promise<void> {
  if (entry.error !== null) return;
  try {
    await action();
  } catch (error) {
    entry.error = error instanceof Error ? error.message : String(error);
  }
}

function toRow({ test, dataset, version, built, figures, error }: Entry, { bandwidth }: RunOptions): SpeedRow {
  const middle = (of: (round: Figures) => number | null, digits: number): number | null => {
    const values = figures.map(of).filter((value) => value !== null);
    return error !== null || values.length === 0 ? null : Number(median(values).toFixed(digits));
  };
  const msPerQuery = middle((round) => round.msPerQuery, 4);
  const scanned = test.scans && msPerQuery !== null && bandwidth !== null;
  return {
    dataset: test.dataset,
    rows: dataset.rows,
    dim: dataset.dim,
    contender: test.name,
    version,
    level: test.level,
    mode: test.mode,
    bytes: test.bytes,
    threads: test.threads,
    k: test.k,
    msPerQuery,
    queriesPerSecond: middle((round) => round.queriesPerSecond, 2),
    overlap10: middle((round) => round.overlap10, 4),
    ramBytesPerRow: middle((round) => round.ramBytes / dataset.rows, 1),
    roofline: scanned ? Number(((test.bytes * dataset.rows * 1000) / msPerQuery / bandwidth).toFixed(3)) : null,
    openMs: middle((round) => round.openMs, 1),
    buildSeconds: built?.seconds == null ? null : Number(built.seconds.toFixed(2)),
    eventLoopDelayP99Ms: middle((round) => round.eventLoopDelayP99Ms, 2),
    queries: middle((round) => round.queries, 0),
    rounds: figures.length,
    // A record says nothing of the folders of the machine that it was made on.
    error: error?.replaceAll(root, "") ?? null,
  };
}
