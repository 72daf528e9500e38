import { isLive } from "../catalogue/live.js";
import type { OriginalRow } from "../catalogue/reader.js";
import { Pace } from "../pace.js";
import { type Engine, storedRows } from "./engine.js";
import { scoredOriginals } from "./original.js";

/** Up to `size` vectors spread evenly over the rows of both tiers, as they are scored: `[n][dim]`. */
export function sampleVectors(
  engine: Engine,
  dim: number,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  return engine.catalogue.read(async () => {
    const pace = new Pace(signal);
    const { metric } = engine.settings;
    const step = Math.max(1, storedRows(engine) / size);
    const sample = new Float32Array(Math.min(size, storedRows(engine)) * dim);
    let [seen, found] = [0, 0];
    for (const row of rowNumbers(engine)) {
      if (seen >= found * step && (found + 1) * dim <= sample.length) {
        const original: OriginalRow | undefined = engine.catalogue.reader.original(row);
        if (original) {
          sample.set(scoredOriginals(engine.kernel, metric, dim, [original]), found * dim);
          found += 1;
        }
      }
      seen += 1;
      if (pace.due) await pace.pause();
    }
    return sample.subarray(0, found * dim);
  });
}

/**
 * The numbers of all rows, cold ones first, each tier in the order in which rows came. Not from the records, whose texts
 * would all have to be read, and not by steps over row numbers, which leave gaps where records were deleted.
 */
function* rowNumbers({ catalogue: { reader }, heat }: Engine): Generator<number> {
  for (let block = reader.blockAfter(0); block !== undefined; block = reader.blockAfter(block)) {
    const live = reader.live(block);
    yield* reader.blockRows(block).filter((_, i) => isLive(live, i));
  }
  yield* heat.rows();
}
