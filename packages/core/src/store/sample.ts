import { isLive } from "../catalogue/live.js";
import type { OriginalRow } from "../catalogue/reader.js";
import { Pace } from "../pace.js";
import { type Engine, storedRows } from "./engine.js";
import { scoredOriginals } from "./original.js";

/** Rows and their vectors, `[n][dim]`, as they are scored. */
export interface Sample {
  readonly rows: readonly number[];
  readonly vectors: Float32Array;
}

/** The vectors of {@link sampleRows}. */
export async function sampleVectors(
  engine: Engine,
  dim: number,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  return (await sampleRows(engine, dim, size, signal)).vectors;
}

/** Up to `size` rows spread evenly over those of both tiers that have an original. */
export function sampleRows(
  engine: Engine,
  dim: number,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Sample> {
  return engine.catalogue.read(async () => {
    const pace = new Pace(signal);
    const { metric } = engine.settings;
    const step = Math.max(1, storedRows(engine) / size);
    const sample = new Float32Array(Math.min(size, storedRows(engine)) * dim);
    const rows: number[] = [];
    let seen = 0;
    for (const row of rowNumbers(engine)) {
      if (seen >= rows.length * step && (rows.length + 1) * dim <= sample.length) {
        const original: OriginalRow | undefined = engine.catalogue.reader.original(row);
        if (original) {
          sample.set(scoredOriginals(engine.kernel, metric, dim, [original]), rows.length * dim);
          rows.push(row);
        }
      }
      seen += 1;
      if (pace.due) await pace.pause();
    }
    return { rows, vectors: sample.subarray(0, rows.length * dim) };
  });
}

/**
 * The numbers of all rows, cold ones first, each tier in the order in which rows came. Not from the records, whose texts
 * would all have to be read, and not by steps over row numbers, which leave gaps where records were deleted.
 */
function* rowNumbers({ catalogue: { reader }, heat }: Engine): Generator<number> {
  for (let block = reader.blocks.after(0); block !== undefined; block = reader.blocks.after(block)) {
    const live = reader.blocks.live(block);
    yield* reader.blocks.rows(block).filter((_, i) => isLive(live, i));
  }
  yield* heat.rows();
}
