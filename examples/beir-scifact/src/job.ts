import type { Contender } from "./contenders/contender.js";
import type { Corpus } from "./corpus.js";
import { type Measurement, measure, type Step } from "./measure.js";
import { openWorkspace } from "./workspace.js";

/** A step of the whole job: which contender, and where it stands. */
export interface JobStep extends Step {
  readonly name: string;
  /** Counted from 1. */
  readonly position: number;
  readonly contenders: number;
}

/** What steers the job. */
export interface JobOptions {
  /** Keep the databases in this folder instead of a temporary one. */
  readonly keep?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: JobStep) => void) | undefined;
  /** Called as soon as a row is measured. */
  readonly onMeasurement?: ((measurement: Measurement) => void) | undefined;
}

/** Measures the contenders one after another, each with a database of its own, by the same loop over the questions. */
export async function runJob(
  corpus: Corpus,
  contenders: readonly Contender[],
  options: JobOptions = {},
): Promise<Measurement[]> {
  const workspace = await openWorkspace(options.keep);
  try {
    const measurements: Measurement[] = [];
    for (const [index, contender] of contenders.entries()) {
      const { name } = contender.setting;
      const place = { name, position: index + 1, contenders: contenders.length };
      const measurement = await measure(contender, corpus, {
        file: workspace.file(name),
        signal: options.signal,
        onStep: (step) => options.onStep?.({ ...place, ...step }),
      });
      options.onMeasurement?.(measurement);
      measurements.push(measurement);
    }
    return measurements;
  } finally {
    await workspace.dispose();
  }
}
