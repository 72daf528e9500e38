import { describe, expect, it } from "vitest";
import type { Match, TextIndex } from "../packages/core/src/catalogue/text-index.js";
import { eachMatch } from "../packages/core/src/store/keywords.js";

/** An index in which each word is in every so-manyth of a million texts; it notes what it is asked. */
class FakeIndex {
  readonly asked = new Set<string>();
  readonly slices: number[] = [];
  /** The last row that was scored. */
  last = 0;
  readonly #every: Readonly<Record<string, number>>;

  constructor(every: Readonly<Record<string, number>>) {
    this.#every = every;
  }

  #step(match: string): number {
    return Math.min(...match.split(/ OR | AND /).map((word) => this.#every[word] ?? Number.POSITIVE_INFINITY));
  }

  count(match: string, most: number): number {
    return Math.min(most, Math.floor(1_000_000 / this.#step(match)));
  }

  sliceEnd(match: string, after: number, size: number): number | undefined {
    this.asked.add(match);
    this.slices.push(size);
    const last = Math.min(after + size * this.#step(match), 1_000_000);
    return last > after ? last : undefined;
  }

  matches(_match: string, _after: number, last: number): Match[] {
    this.last = last;
    return [{ row: 1, score: 1 }];
  }
}

async function asked(every: Readonly<Record<string, number>>, match: "any" | "all", texts = 1_000_000, last = 2 ** 31) {
  const index = new FakeIndex(every);
  const query = { text: "", match, snippet: undefined, fusion: "rrf", alpha: undefined } as const;
  const place = { namespace: 1, last, alone: true, texts };
  await eachMatch(index as unknown as TextIndex, Object.keys(every), query, place, undefined, () => {});
  return { match: [...index.asked], slices: index.slices.length, size: Math.max(...index.slices), last: index.last };
}

describe("the words of a query that are asked for in a large store", () => {
  it("are the rarest, in as many texts as can be scored in time", async () => {
    expect((await asked({ the: 1, water: 100, haline: 1_000, of: 2 }, "any")).match).toEqual(["haline OR water"]);
    expect((await asked({ water: 30, salt: 40 }, "any")).match).toEqual(["salt"]);
  });

  it("are one at least, a few thousand texts at a time", async () => {
    const { match, size, slices } = await asked({ of: 2, the: 1 }, "any");
    expect(match).toEqual(["of"]);
    expect(size).toBe(16_384);
    expect(slices).toBeLessThan(40);
    expect((await asked({ rare: 1_000 }, "any")).size).toBe(2_048);
  });

  it("are not in more than half of all texts, unless there are no others", async () => {
    expect((await asked({ the: 1, water: 100, ice: 3 }, "any", 3_000)).match).toEqual(["water"]);
    expect((await asked({ the: 1 }, "any", 3_000)).match).toEqual(["the"]);
  });

  it("are not looked for in rows that were written since the search began", async () => {
    expect(await asked({ ice: 3 }, "any", 10_000, 7_000)).toMatchObject({ slices: 1, last: 7_000 });
  });

  it("are all of them where all must be there, or where there are few texts", async () => {
    expect((await asked({ the: 1, water: 100 }, "all")).match).toEqual(["water AND the"]);
    expect((await asked({ the: 1, water: 100 }, "any", 2_000)).match).toEqual(["the OR water"]);
  });
});
