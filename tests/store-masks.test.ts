import { describe, expect, it } from "vitest";
import type { Reader } from "../packages/core/src/catalogue/reader.js";
import { Pace } from "../packages/core/src/pace.js";
import type { FieldIndexes } from "../packages/core/src/store/field-indexes.js";
import { Masks } from "../packages/core/src/store/masks.js";
import { rowsIn } from "../packages/core/src/store/row-bits.js";
import { filteringOf } from "../packages/core/src/store/selection.js";

/** Rows 1 to `last`, of which a filter `{ n }` allows every n-th; counts how many were looked at. */
class Rows {
  looked = 0;
  last = 20_000;

  get reader(): Reader {
    const rowsBetween = (_: number, after: number, to: number, { parameters }: { parameters: readonly unknown[] }) => {
      this.looked += to - after;
      const n = Number(parameters.find((value) => typeof value === "number"));
      return Array.from({ length: to - after }, (__, i) => after + 1 + i).filter((row) => row % n === 0);
    };
    return { lastRow: () => this.last, rowsBetween } as unknown as Reader;
  }
}

const indexes = { use() {}, start() {}, pieces: () => [] } as unknown as FieldIndexes;

function filtering(n: number) {
  const found = filteringOf({ n });
  if (!found) throw new Error("a filter");
  return found;
}

describe("masks of filters", () => {
  const every = (n: number, last: number) => Array.from({ length: Math.floor(last / n) }, (_, i) => n * (i + 1));

  async function rowsOf(masks: Masks, n: number, rows: Rows): Promise<number[]> {
    const mask = masks.of(1, filtering(n));
    while (!mask.covers(rows.reader)) await mask.grow(rows.reader, rows.last, new Pace());
    return rowsIn(mask.bits(), -1, rows.last);
  }

  it("of few rows are packed where there is no room for their bits, say the same, and are not found anew", async () => {
    const rows = new Rows();
    // Four masks of 20,000 bits; of every 100th row some 800 bytes.
    const masks = new Masks(indexes, 10_000);
    for (let round = 0; round < 3; round++) {
      for (let n = 100; n < 110; n++) expect(await rowsOf(masks, n, rows)).toEqual(every(n, rows.last));
    }
    expect(rows.looked).toBe(10 * rows.last);
  });

  it("that were packed grow by the rows that come", async () => {
    const rows = new Rows();
    const masks = new Masks(indexes, 10_000);
    for (let n = 100; n < 110; n++) await rowsOf(masks, n, rows);
    const before = rows.looked;
    rows.last = 21_000;
    for (let n = 100; n < 110; n++) expect(await rowsOf(masks, n, rows)).toEqual(every(n, rows.last));
    expect(rows.looked - before).toBe(10 * 1_000);
  });

  it("of many rows go where there is no room, those asked for longest ago first", async () => {
    const rows = new Rows();
    const masks = new Masks(indexes, 10_000);
    for (const n of [2, 3, 4, 5, 6]) expect(await rowsOf(masks, n, rows)).toEqual(every(n, rows.last));
    const before = rows.looked;
    await rowsOf(masks, 6, rows);
    expect(rows.looked).toBe(before);
    expect(await rowsOf(masks, 2, rows)).toEqual(every(2, rows.last));
    expect(rows.looked - before).toBe(rows.last);
  });
});
