import type { SearchResult } from "./kernel.js";

/** What a search of the kernel crate found, from the one run of numbers that crosses the binding: `Found::numbers` has its order. */
export function resultsOf(found: Uint32Array): SearchResult[] {
  const results: SearchResult[] = [];
  let at = 0;
  const next = (length: number) => {
    at += length;
    return found.subarray(at - length, at);
  };
  while (at < found.length) {
    const [hotRows = 0, coldRows = 0] = next(2);
    results.push({
      hotRows: next(hotRows),
      hotScores: floats(next(hotRows)),
      coldRows: next(coldRows),
      coldScores: floats(next(coldRows)),
    });
  }
  return results;
}

/** Numbers that are the bits of floats. */
function floats(bits: Uint32Array): Float32Array {
  return new Float32Array(bits.buffer, bits.byteOffset, bits.length);
}
