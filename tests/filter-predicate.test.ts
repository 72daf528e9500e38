import { filterPredicate, Thermocline } from "@thermocline/core";
import { expect, expectTypeOf, it } from "vitest";
import { refusal } from "./support/stores.js";

const books = [
  { id: "a", vector: [1, 0], text: "a storm at sea", metadata: { year: 2012, tags: ["sea"] } },
  { id: "b", vector: [1, 1], text: "the calm after", metadata: { year: 2018, tags: ["sea", "salt"] } },
  { id: "c", vector: [0, 1], text: "Storms inland", metadata: { year: 2021 } },
];

it("says of metadata what queries with the filter say of records", async () => {
  await using store = await Thermocline.open();
  await store.upsert(books);
  for (const filter of [{}, { year: { $gte: 2015 } }, { tags: "sea" }, { $not: { tags: { $exists: true } } }]) {
    const hits = await store.query({ vector: [1, 0], filter });
    const holds = filterPredicate(filter);
    const expected = books.filter(({ metadata }) => holds(metadata));
    expect(hits.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id));
  }
});

it("is a part of predicates that say what filters cannot", async () => {
  await using store = await Thermocline.open();
  await store.upsert(books);
  const recent = filterPredicate({ year: { $gte: 2015 } });
  const hits = await store.query({
    vector: [1, 0],
    filter: ({ text, metadata }) => recent(metadata) && /storm/i.test(text ?? ""),
  });
  expect(hits.map(({ id }) => id)).toEqual(["c"]);
});

it("keeps nothing of the given object", () => {
  const years = [2012];
  const holds = filterPredicate({ year: { $in: years } });
  years.push(2018);
  expect(books.map(({ metadata }) => holds(metadata))).toEqual([true, false, false]);
});

it("knows the type of metadata", () => {
  const holds = filterPredicate<{ year: number }>({ year: 2012 });
  expectTypeOf(holds).parameter(0).toEqualTypeOf<{ year: number }>();
  // @ts-expect-error: no such path
  filterPredicate<{ year: number }>({ yaer: 2012 });
});

it("refuses what is no filter at once", async () => {
  await refusal(() => filterPredicate({ year: { $about: 2012 } } as never), "FILTER", /\$about/);
});
