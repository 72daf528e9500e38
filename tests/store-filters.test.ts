import type { Filter, Metadata } from "@thermocline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluateFilter } from "../packages/core/src/filter/evaluate.js";
import { parseFilter } from "../packages/core/src/filter/parse.js";
import { document, filter } from "./support/random-filters.js";
import { openWays, ways } from "./support/served-store.js";
import { backends, bench, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 4;

describe.each(ways)("filters of a store %s", (way) => {
  const open = openWays(way);

  it("that match m records find min(k, m) of them, always", { timeout: 120_000 }, async () => {
    const store = await open({ dim: DIM, cold: { bytes: 2 } });
    const given = vectors(12, DIM);
    let found = 0;
    let cut = 0;
    await fc.assert(
      fc.asyncProperty(
        filter,
        fc.array(document, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        async (random, documents, k) => {
          await store.delete({ all: true });
          await store.upsert(
            documents.map((metadata, i) => ({ id: `${i}`, vector: given[i] ?? [], metadata: metadata as Metadata })),
          );
          await store.demote({ ids: documents.flatMap((_, i) => (i % 2 === 0 ? [`${i}`] : [])) });
          const node = parseFilter(random);
          const passes = (metadata: Metadata) => evaluateFilter(node, metadata);
          const matching = documents.flatMap((metadata, i) =>
            passes(JSON.parse(JSON.stringify(metadata)) as Metadata) ? [`${i}`] : [],
          );
          const query = { vector: given[0] ?? [], k };
          const hits = await store.query({ ...query, filter: random as Filter });
          expect(hits).toHaveLength(Math.min(k, matching.length));
          for (const { id } of hits) expect(matching).toContain(id);
          expect(await store.count(random as Filter)).toBe(matching.length);
          const listed: string[] = [];
          for await (const { id } of store.list({ filter: random as Filter })) listed.push(id);
          expect(listed).toEqual(matching);
          // A function that says the same finds the same, in the same order.
          if (way !== "in a worker")
            expect(await store.query({ ...query, filter: ({ metadata }) => passes(metadata) })).toEqual(hits);
          found += hits.length;
          if (matching.length > k) cut += 1;
        },
      ),
      { numRuns: 60 },
    );
    expect(found).toBeGreaterThan(5);
    expect(cut).toBeGreaterThan(0);
  });

  it("tell null from missing, find dates, elements, nested fields, and keys with dots, quotes and Unicode", async () => {
    const store = await open({ dim: DIM });
    const metadata: Metadata[] = [
      { at: new Date("2024-03-01").toISOString(), gone: null, tags: ["sea", 1], "a.b": 1, 'say "hi"': true },
      { at: new Date("2025-03-01").toISOString(), tags: [], a: { b: 1 }, "größe 📏": 2, "it's": "x" },
      { at: "later", gone: "no", tags: "seaside", $set: 1, "back\\slash": 1 },
    ];
    await store.upsert(metadata.map((value, i) => ({ id: `${i}`, vector: vectors(3, DIM)[i] ?? [], metadata: value })));
    const cases: readonly [Filter, readonly number[]][] = [
      [{ gone: null }, [0]],
      [{ gone: { $exists: true } }, [0, 2]],
      [{ gone: { $exists: false } }, [1]],
      [{ gone: { $ne: null } }, [1, 2]],
      [{ at: { $gte: new Date("2024-06-01"), $lt: new Date("2026-01-01") } }, [1]],
      [{ at: new Date("2024-03-01") }, [0]],
      [{ tags: { $contains: "sea" } }, [0, 2]],
      [{ tags: { $in: ["sea", 2] } }, [0]],
      [{ tags: { $nin: ["sea"] } }, [1, 2]],
      [{ tags: 1 }, [0]],
      [{ "a.b": 1 }, [1]],
      [{ "a\\.b": 1 }, [0]],
      [{ 'say "hi"': true }, [0]],
      [{ "größe 📏": { $gt: 1 } }, [1]],
      [{ "it's": "x" }, [1]],
      [{ "\\$set": 1 }, [2]],
      [{ "back\\\\slash": 1 }, [2]],
    ];
    for (const [one, expected] of cases) {
      const hits = await store.query({ vector: [1, 1, 1, 1], filter: one });
      expect([one, hits.map(({ id }) => Number(id)).sort()]).toEqual([one, expected]);
    }
  });
});

describe.each(backends)("a filter that is a function, of a store %s", (backend) => {
  const { open } = bench(backend);

  it("is asked about records in order of score, once each, until k have passed", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(records(3_000, DIM));
    const vector = vectors(1, DIM, 5)[0] ?? [];
    const order = (await store.query({ vector, k: 3_000 })).map(({ id }) => id);
    const asked: string[] = [];
    const hits = await store.query({
      vector,
      k: 3,
      filter: ({ id }) => {
        asked.push(id);
        return asked.length % 400 === 0;
      },
    });
    expect(hits.map(({ id }) => id)).toEqual([order[399], order[799], order[1_199]]);
    expect(asked).toEqual(order.slice(0, 1_200));
  });

  it("rejects the query when it throws, or answers with anything but true or false", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(records(5, DIM));
    const query = (answer: () => unknown) =>
      store.query({ vector: vectors(1, DIM)[0] ?? [], filter: answer as () => boolean });
    await refusal(() => query(async () => false), "FILTER", /returned a promise; return true or false/);
    await refusal(() => query(() => undefined), "FILTER", /returned undefined/);
    const thrown = query(() => {
      throw new RangeError("mine");
    });
    await expect(thrown).rejects.toThrow(new RangeError("mine"));
    expect(await query(() => true)).toHaveLength(5);
  });
});
