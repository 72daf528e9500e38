import { type Filter, type Metadata, Thermocline, type TypedFilter } from "@thermocline/core";
import { describe, expect, expectTypeOf, it } from "vitest";

type Book = {
  year: number;
  lang: "en" | "de";
  title?: string;
  tags: readonly string[];
  out: boolean | null;
  author: { name: string; born: { year: number } };
  extra: Metadata;
  "a.b": string;
  $price: number;
};

// The compiler checks what stands here: `npm run typecheck`.
describe("a filter over metadata of a known type", () => {
  it("offers the paths that there are, and values of their types", () => {
    const filters: TypedFilter<Book>[] = [
      {},
      { year: 2015, lang: "en", tags: "sea", out: null },
      { year: { $gte: 2015, $not: { $in: [2016, 2017] } } },
      { lang: { $in: ["en", "de"] }, title: { $contains: "sea", $lt: new Date() } },
      { title: new Date(), tags: { $contains: "salt", $exists: true } },
      { "author.name": "Ada", "author.born.year": { $lt: 1900 }, author: { $exists: true } },
      { "extra.any.path": { $gt: 1 }, extra: { $exists: false } },
      { "a\\.b": "x", "\\$price": { $lte: 9.5 } },
      { $and: [{ year: 1 }, { $or: [{ lang: "de" }, { $not: { out: true } }] }] },
    ];
    expect(filters).toHaveLength(9);
  });

  it("takes no other path and no other value", () => {
    const filters: TypedFilter<Book>[] = [
      // @ts-expect-error: there is no such field
      { yaer: 2015 },
      // @ts-expect-error: a year is a number
      { year: "2015" },
      // @ts-expect-error: no such language
      { lang: { $in: ["en", "fr"] } },
      // @ts-expect-error: a boolean has no order
      { out: { $gt: true } },
      // @ts-expect-error: a year is never null
      { year: null },
      // @ts-expect-error: arrays have no order
      { tags: { $gt: "a" } },
      // @ts-expect-error: elements are strings
      { tags: { $contains: 1 } },
      // @ts-expect-error: an author has no age
      { "author.age": 1 },
      // @ts-expect-error: there is no such operator
      { year: { $near: 1 } },
      // @ts-expect-error: a path writes the dot of a key with a backslash
      { "a.b": "x" },
      // @ts-expect-error: in what is joined, too
      { $or: [{ year: "1" }] },
    ];
    expect(filters).toHaveLength(11);
  });

  it("is what a store of that type takes, and a store without one takes any", async () => {
    const store = await Thermocline.open<Book>({ dim: 1 });
    const book: Book = {
      year: 2015,
      lang: "en",
      tags: ["sea"],
      out: true,
      author: { name: "Ada", born: { year: 1815 } },
      extra: { any: 1 },
      "a.b": "x",
      $price: 9,
    };
    await store.upsert([{ id: "a", vector: [1], metadata: book }]);
    const hits = await store.query({ vector: [1], filter: { year: { $gte: 2015 }, "author.born.year": 1815 } });
    expectTypeOf(hits[0]?.metadata).toEqualTypeOf<Book | undefined>();
    expect(hits.map(({ metadata }) => metadata)).toEqual([book]);
    // @ts-expect-error: there is no such field
    expect(await store.count({ yaer: 2015 })).toBe(0);
    // @ts-expect-error: metadata of another type
    await store.upsert([{ id: "b", vector: [1], metadata: { year: 1 } }]);
    // @ts-expect-error: a year is a number
    expect(await store.delete({ filter: { year: "2015" } })).toBe(0);
    await store.close();

    const untyped = await Thermocline.open({ dim: 1 });
    const filter: Filter = { anything: { $gt: 1 }, $or: [{ "at.all": null }] };
    expect(await untyped.count(filter)).toBe(0);
    expect(await untyped.query({ vector: [1], filter: { x: { $in: [1, "1", null] } } })).toEqual([]);
    await untyped.close();
  });
});
