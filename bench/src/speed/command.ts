import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describeMachine } from "../../../examples/beir-scifact/src/machine.js";
import { Progress } from "../../../examples/beir-scifact/src/progress.js";
import type { Kernel } from "../../../packages/core/src/kernel/kernel.js";
import { loadKernel } from "../../../packages/core/src/kernel/load.js";
import { parseOptions, positive } from "../options.js";
import { DATASETS_FOLDER } from "../quality/collection.js";
import { UsageError } from "../usage-error.js";
import { CASES, CHECK_CASES, fullName, type SpeedCase } from "./cases.js";
import { DATASETS, type Dataset, type DatasetName, prepareDataset } from "./dataset.js";
import { kernelFigures } from "./kernel-figures.js";
import { installPeers } from "./peers.js";
import { run, type SpeedRow } from "./rounds.js";
import { selectCases } from "./selection.js";
import { renderRows } from "./table.js";
import { targets } from "./targets.js";

/** What `--help` prints of this suite. */
export const HELP = `speed: a query's time beside other stores and indexes; medians of several rounds
  --json             print one JSON object and nothing else
  --check            a few small cases for a moment: whether answers are right, not how fast they are
  --dataset NAMES    only these, separated by commas: ${DATASETS.join(", ")}
  --only TEXT        only cases whose data set, name and level contain TEXT ("synthetic-1m, Thermocline", "kernel", ...)
  --rounds N         how often every case is measured, each time in a process of its own (default 5)
  --seconds N        how long each process goes on asking (default 1)
  --floor N          fail below this overlap instead of each case's own floor
  --cache DIR        where data sets and built indexes are kept, 15 GB in all (default bench/.data)
  --datasets DIR     as for quality
  Fails where a case finds less of the exact answers than its floor, or one of ours does not run.
`;

const CACHE = fileURLToPath(new URL("../../.data", import.meta.url));

/** Runs the suite, prints its rows and returns the exit code: 0, or 1 where an answer was wrong. */
export async function speed(args: readonly string[]): Promise<number> {
  const values = parseOptions(args, {
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    dataset: { type: "string" },
    only: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string", default: "1" },
    floor: { type: "string" },
    cache: { type: "string", default: CACHE },
    datasets: { type: "string" },
    help: { type: "boolean", default: false },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { check } = values;
  const rounds = positive("--rounds", values.rounds ?? (check ? "1" : "5"));
  const seconds = check ? 0.3 : positive("--seconds", values.seconds);
  const floor = values.floor === undefined ? undefined : share("--floor", values.floor);
  const selection = { only: values.only, datasets: values.dataset?.split(",") };
  const cases = selectCases(selection, check ? CHECK_CASES : CASES);
  const cache = path.resolve(values.cache);
  const sources = values.datasets || process.env.THERMOCLINE_DATASETS || DATASETS_FOLDER;

  const began = performance.now();
  const load = os.loadavg()[0] ?? 0;
  const progress = new Progress(process.stderr);
  const kernel = await loadKernel(undefined);
  const datasets = await prepareAll(kernel, cases, { cache, sources }, progress);
  const missing = await installPeers(new Set(cases.map(({ contender }) => contender)));
  const onStep = (text: string) => progress.update(text);
  const whole = !check && values.only === undefined && values.dataset === undefined;
  const scans = whole ? await kernelFigures(cache, onStep) : [];
  const bandwidth = scans.length > 0 ? Math.max(...scans.map((row) => row.readGBPerSecond)) * 1e9 : null;
  const rows = await run(cases, datasets, { cache, rounds, seconds, missing, bandwidth, onStep });
  progress.clear();
  const promises = targets(rows, scans);
  const totalSeconds = Math.round((performance.now() - began) / 1000);
  const machine = {
    ...(await describeMachine({ backend: kernel.backend, isa: kernel.isa, threads: kernel.threads })),
    load,
  };
  if (values.json) console.log(JSON.stringify({ machine, rows, targets: promises, scans, totalSeconds }));
  else process.stdout.write(renderRows(machine, rows, promises));

  const failures = wrong(cases, rows, floor);
  for (const line of failures) console.error(line);
  return rows.length === 0 || failures.length > 0 ? 1 : 0;
}

function share(option: string, text: string): number {
  const value = /^[\d.]+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 1) return value;
  throw new UsageError(`${option} takes a number from 0 to 1, not "${text}".`);
}

async function prepareAll(
  kernel: Kernel,
  cases: readonly SpeedCase[],
  folders: { readonly cache: string; readonly sources: string },
  progress: Progress,
): Promise<Map<DatasetName, Dataset>> {
  const datasets = new Map<DatasetName, Dataset>();
  for (const name of DATASETS.filter((each) => cases.some(({ dataset }) => dataset === each))) {
    const dataset = await prepareDataset(kernel, name, folders, (step, done, total) =>
      progress.update(`${step}: ${done} of ${total} rows`),
    );
    progress.clear();
    if (dataset) datasets.set(name, dataset);
    else
      console.error(
        `${name} is left out: its files are not in ${folders.sources} (bench/README.md says how to make them).`,
      );
  }
  return datasets;
}

/** One line for each case whose answers are wrong, and for each of ours that gave none. */
function wrong(cases: readonly SpeedCase[], rows: readonly SpeedRow[], floor: number | undefined): string[] {
  return rows.flatMap((row) => {
    const test = cases.find(
      ({ dataset, name, level }) => dataset === row.dataset && name === row.contender && level === row.level,
    );
    if (!test) return [];
    if (row.overlap10 === null) {
      return test.contender.startsWith("thermocline") ? [`${fullName(test)}: ${row.error}`] : [];
    }
    const least = floor ?? test.floor;
    return row.overlap10 < least ? [`${fullName(test)}: overlap ${row.overlap10}, at least ${least}`] : [];
  });
}
