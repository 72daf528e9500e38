import type { OpenOptions, QueryOptions } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { bench, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 16;

describe("a batch of queries", () => {
  const { open } = bench("in memory");

  /** Rows in both tiers. */
  const filled = async (options: OpenOptions = {}) => {
    const store = await open({ dim: DIM, cold: { bytes: 6, effort: "fast" }, hot: { capacity: 10_000 }, ...options });
    await store.upsert(records(4_000, DIM));
    await store.demote({ filter: { n: { $lt: 3_000 } } });
    return store;
  };

  it.each([
    ["with originals", {}],
    ["without originals", { originals: "none" as const }],
    ["of Fourier codes", { cold: { codec: "fourier" as const, bytes: 12 } }],
  ])("finds what one query after the other finds, to the bit: %s", async (_, options) => {
    const store = await filled(options);
    // More than share a pass of the kernel, and more than are searched together.
    const many = vectors(260, DIM, 5);
    const common: Omit<QueryOptions, "vector">[] = [
      { k: 3 },
      { k: 20, filter: { group: "g1" }, rerank: 30 },
      { k: 5, tiers: ["cold"], minScore: 0.2, includeVectors: true },
      { k: 2, filter: ({ metadata }) => metadata.group === "g2" },
    ];
    for (const [i, each] of common.entries()) {
      const asked = i === 0 ? many : many.slice(0, 70);
      const batch = await store.queryBatch({ vectors: asked, ...each });
      const singles = [];
      for (const vector of asked) singles.push(await store.query({ vector, ...each }));
      expect(batch).toStrictEqual(singles);
      expect(batch.some((hits) => hits.length > 0)).toBe(true);
    }
  });

  it("finds the same on any number of threads", async () => {
    const answers = [];
    for (const threads of [1, 2, 5, undefined]) {
      const store = await filled({ threads });
      expect(store.stats().kernel.threads).toEqual(threads ?? expect.any(Number));
      answers.push(await store.queryBatch({ vectors: vectors(70, DIM, 6), k: 30 }));
    }
    for (const answer of answers) expect(answer).toStrictEqual(answers[0]);
  });

  it("without queries is empty, and in an empty store finds nothing for each", async () => {
    const store = await open();
    expect(await store.queryBatch({ vectors: [] })).toEqual([]);
    expect(await store.queryBatch({ vectors: [[1], [2]] })).toEqual([[], []]);
    await refusal(store.queryBatch({ vectors: [], filter: { a: { $no: 1 } } } as never), "FILTER");
  });

  it("is refused whole where one of its vectors is bad, and says which", async () => {
    const store = await filled();
    const good = vectors(1, DIM)[0] ?? [];
    await refusal(store.queryBatch({ vectors: [good, [1, 2]] }), "DIMENSION", /vectors\[1\] has 2 components.*of 16/);
    await refusal(store.queryBatch({ vectors: [new Float32Array(DIM)] }), "ZERO_VECTOR", /vectors\[0\]/);
    await refusal(store.queryBatch({ vectors: [good], k: 0 }), "ARGUMENT", /k is 0/);
    await refusal(store.queryBatch({ vectors: "x" } as never), "ARGUMENT", /vectors is "x"/);
    await refusal(store.queryBatch({ vectors: [good], vector: good } as never), "ARGUMENT", /Unknown option "vector"/);
    for (const threads of [0, 1.5, 257]) await refusal(open({ threads }), "ARGUMENT", /threads is .*from 1 to 256/);
  });

  it("ends as soon as its signal fires, and the store goes on as before", async () => {
    const store = await filled();
    const asked = vectors(2_000, DIM, 7);
    const before = await store.queryBatch({ vectors: asked.slice(0, 20) });
    const abort = new AbortController();
    let others = 0;
    const batch = refusal(store.queryBatch({ vectors: asked, signal: abort.signal }), "ABORTED").then((error) => {
      expect(others).toBe(0);
      return error;
    });
    // Queries beside it are not ended with it.
    const beside = store.query({ vector: asked[0] ?? [] });
    setTimeout(() => {
      abort.abort(new Error("enough"));
      setTimeout(() => {
        others += 1;
      }, 1_000);
    }, 5);
    expect((await batch).cause).toEqual(new Error("enough"));
    expect(await beside).toStrictEqual(before[0]);
    expect(await store.queryBatch({ vectors: asked.slice(0, 20) })).toStrictEqual(before);
    await store.upsert(records(10, DIM, 3));
    expect(await store.count()).toBe(4_000);
  });

  it("waits for no write once its signal has fired", async () => {
    const store = await filled();
    let written = false;
    const writing = store.upsert(records(20_000, DIM, 4)).then(() => {
      written = true;
    });
    const abort = new AbortController();
    const asked = store.query({ vector: vectors(1, DIM)[0] ?? [], signal: abort.signal });
    setTimeout(() => abort.abort(), 5);
    await refusal(asked, "ABORTED");
    expect(written).toBe(false);
    await writing;
    expect(await store.count()).toBe(20_000);
  });
});
