import { describeMachine } from "../../../examples/beir-scifact/src/machine.js";
import type { Kernel } from "../../../packages/core/src/kernel/kernel.js";
import { loadKernel } from "../../../packages/core/src/kernel/load.js";
import { parseOptions, positive } from "../options.js";
import { DATASETS, type QualityCase, selectCases } from "./cases.js";
import { DATASETS_FOLDER, loadCollection } from "./collection.js";
import { measure, type QualityRow, withReference } from "./measure.js";
import { renderRows, summary } from "./table.js";

/** What `--help` prints of this suite. */
export const HELP = `quality: what codes find of the exact answers, and what codebooks cost; medians of several seeds
  --json             print one JSON object and nothing else
  --dataset NAMES    only these, separated by commas: ${DATASETS.join(", ")}
  --only TEXT        only cases whose name contains TEXT ("eigen", "fast", "symmetric", ...)
  --bytes NUMBERS    only codes of these sizes, separated by commas
  --seeds N          how many seeds (default 5)
  --datasets DIR     the folder of data sets that are not in the repository (wordnet); otherwise the
                     environment variable THERMOCLINE_DATASETS, otherwise ../shared/datasets beside the checkout
`;

/** Runs the suite, prints its rows and returns the exit code: 0, or 1 where nothing could be measured. */
export async function quality(args: readonly string[]): Promise<number> {
  const values = parseOptions(args, {
    json: { type: "boolean", default: false },
    dataset: { type: "string" },
    only: { type: "string" },
    bytes: { type: "string" },
    seeds: { type: "string", default: "5" },
    datasets: { type: "string" },
    help: { type: "boolean", default: false },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const seeds = positive("--seeds", values.seeds);
  const bytes = values.bytes?.split(",").map((text) => positive("--bytes", text));
  const cases = selectCases({ only: values.only, datasets: values.dataset?.split(","), bytes });
  const folder = values.datasets || process.env.THERMOCLINE_DATASETS || DATASETS_FOLDER;

  const began = performance.now();
  const kernel = await loadKernel(undefined);
  const rows = await measureAll(kernel, cases, seeds, folder);
  const totalSeconds = Math.round((performance.now() - began) / 1000);
  const machine = await describeMachine({ backend: kernel.backend, isa: kernel.isa, threads: kernel.threads });
  if (values.json) console.log(JSON.stringify({ machine, rows, totalSeconds }));
  else process.stdout.write(renderRows(machine, rows, totalSeconds));
  return rows.length > 0 ? 0 : 1;
}

/** One data set after the other, so that one at a time is in memory. */
async function measureAll(
  kernel: Kernel,
  cases: readonly QualityCase[],
  seeds: number,
  folder: string,
): Promise<QualityRow[]> {
  const rows: QualityRow[] = [];
  for (const dataset of DATASETS) {
    const asked = cases.filter((test) => test.dataset === dataset);
    if (asked.length === 0) continue;
    const collection = await loadCollection(kernel, dataset, folder);
    if (!collection) {
      console.error(`${dataset} is left out: its files are not in ${folder} (bench/README.md says how to make them).`);
      continue;
    }
    const reference = await withReference(kernel, collection);
    for (const test of asked) {
      const row = await measure(kernel, test, reference, seeds);
      rows.push(row);
      if (process.stderr.isTTY) console.error(summary(row));
    }
  }
  return rows;
}
