import { Thermocline } from "@thermocline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bench, bench } from "./support/stores.js";
import { similarity } from "./support/synthetic.js";

const DIM = 4;
const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];

interface Entry {
  readonly vector: readonly number[] | undefined;
  readonly tag: number;
  tier: "hot" | "cold" | "none";
  pinned: boolean;
  /** When it was written: ties go to the lower one. */
  readonly order: number;
}

/** What a store is to be: a Map. */
type Model = Map<string, Entry>;

const component = fc.integer({ min: -3, max: 3 });
const vector = fc.array(component, { minLength: DIM, maxLength: DIM }).filter((v) => v.some((x) => x !== 0));
const id = fc.constantFrom(...ids);
const tag = fc.integer({ min: 0, max: 2 });
/** A record; without a vector every fourth time. */
const record = fc.tuple(id, fc.option(vector, { nil: undefined, freq: 3 }), tag);
type Given = typeof record extends fc.Arbitrary<infer T> ? T : never;
const inputs = (batch: readonly Given[]) =>
  batch.map(([id, vector, tag]) => ({ id, ...(vector && { vector }), metadata: { tag } }));
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("upsert" as const),
      batch: fc.array(record, { maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), ids: fc.array(id, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("deleteWhere" as const), tag }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("demote" as const), ids: fc.array(id, { maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("promote" as const), ids: fc.array(id, { maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pin" as const), ids: fc.array(id, { maxLength: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("unpin" as const), ids: fc.array(id, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("calibrate" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reopen" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("compact" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("thereAndBack" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("writeElsewhere" as const),
      batch: fc.array(record, { maxLength: 3 }),
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly model: Model = new Map();
  store!: Thermocline;
  #order = 0;

  readonly bench: Bench;
  readonly path: string;

  constructor(bench: Bench, path: string) {
    this.bench = bench;
    this.path = path;
  }

  async open(): Promise<void> {
    this.store = await this.bench.open({ path: this.path, dim: DIM, originals: "float32", cold: { bytes: 2 } });
  }

  #put(batch: readonly Given[]): void {
    const last = new Map(batch.map((entry, i) => [entry[0], { entry, i }]));
    for (const { entry } of [...last.values()].sort((x, y) => x.i - y.i)) {
      const [id, vector, tag] = entry;
      const pinned = vector !== undefined && (this.model.get(id)?.pinned ?? false);
      this.model.set(id, { vector, tag, tier: vector ? "hot" : "none", pinned, order: this.#order++ });
    }
  }

  async step(action: Action): Promise<void> {
    const { store, model } = this;
    switch (action.do) {
      case "upsert":
        await store.upsert(inputs(action.batch));
        return this.#put(action.batch);
      case "writeElsewhere": {
        const other = await Thermocline.open({ path: this.path });
        await other.upsert(inputs(action.batch));
        await other.close();
        return this.#put(action.batch);
      }
      case "delete":
        expect(await store.delete({ ids: action.ids })).toBe(
          [...new Set(action.ids)].filter((id) => model.delete(id)).length,
        );
        return;
      case "deleteWhere": {
        const gone = [...model].filter(([, entry]) => entry.tag === action.tag);
        expect(await store.delete({ filter: { tag: action.tag } })).toBe(gone.length);
        for (const [id] of gone) model.delete(id);
        return;
      }
      case "demote": {
        const moved = [...new Set(action.ids)].filter((id) => model.get(id)?.tier === "hot" && !model.get(id)?.pinned);
        expect(await store.demote({ ids: action.ids })).toBe(moved.length);
        for (const id of moved) Object.assign(model.get(id) ?? {}, { tier: "cold" });
        return;
      }
      case "promote": {
        const moved = [...new Set(action.ids)].filter((id) => model.get(id)?.tier === "cold");
        expect(await store.promote({ ids: action.ids })).toBe(moved.length);
        for (const id of moved) Object.assign(model.get(id) ?? {}, { tier: "hot" });
        return;
      }
      case "pin":
      case "unpin": {
        const pinned = action.do === "pin";
        const changed = [...new Set(action.ids)].filter((id) => {
          const entry = model.get(id);
          return entry !== undefined && entry.tier !== "none" && entry.pinned !== pinned;
        });
        expect(await store[action.do]({ ids: action.ids })).toBe(changed.length);
        for (const id of changed) Object.assign(model.get(id) ?? {}, { pinned }, pinned ? { tier: "hot" } : {});
        return;
      }
      case "calibrate":
        if ([...model.values()].some(({ vector }) => vector)) await store.calibrate();
        return;
      case "compact": {
        const { diskBytes, ramBytes } = await store.compact();
        expect(diskBytes.after).toBeLessThanOrEqual(diskBytes.before);
        expect(ramBytes.after).toBeLessThanOrEqual(ramBytes.before);
        return;
      }
      case "thereAndBack": {
        // Copies keep their order and their tiers, so the namespace is what it was when it comes back.
        expect(await store.copyNamespace("default", "copy")).toBe(model.size);
        expect(await store.dropNamespace("default")).toBe(model.size);
        expect(await store.count()).toBe(0);
        expect(await store.copyNamespace("copy", "default")).toBe(model.size);
        expect(await store.dropNamespace("copy")).toBe(model.size);
        return;
      }
      case "reopen":
        await store.close();
        return this.open();
    }
  }

  async check(query: number[]): Promise<void> {
    const { store, model } = this;
    expect(await store.count()).toBe(model.size);
    const entries = [...model.values()];
    expect(store.stats()).toMatchObject({
      records: model.size,
      withoutVector: entries.filter(({ tier }) => tier === "none").length,
      hot: {
        rows: entries.filter(({ tier }) => tier === "hot").length,
        pinned: entries.filter((e) => e.pinned).length,
      },
    });
    const found = await store.get(ids, { includeVectors: true });
    for (const [i, id] of ids.entries()) {
      const entry = model.get(id);
      expect(found[i]?.tier).toBe(entry?.tier);
      expect(found[i]?.metadata).toEqual(entry && { tag: entry.tag });
      expect(found[i]?.vector && [...found[i].vector]).toEqual(entry?.vector && [...entry.vector]);
    }
    for (const filter of [undefined, { tag: 1 }]) {
      const hits = await store.query({ vector: query, k: 5, ...(filter && { filter }) });
      const expected = [...model]
        .filter(([, entry]) => !filter || entry.tag === filter.tag)
        .flatMap(([id, { order, vector }]) => (vector ? { id, order, score: similarity("cosine", query, vector) } : []))
        // Float32 tells no scores apart that are this near.
        .sort((a, b) => Math.round((b.score - a.score) * 1e5) || a.order - b.order)
        .slice(0, 5);
      expect(hits).toHaveLength(expected.length);
      hits.forEach(({ score, id }, i) => {
        expect(score).toBeCloseTo(expected[i]?.score ?? Number.NaN, 5);
        const vector = model.get(id)?.vector;
        expect(vector && similarity("cosine", query, vector)).toBeCloseTo(score, 5);
      });
      expect(new Set(hits.map(({ id }) => id)).size).toBe(hits.length);
    }
  }
}

describe("a store under random calls", () => {
  const places = bench("on file");
  let runs = 0;

  it("is a Map with a search", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 14 }), vector, async (actions, query) => {
        const run = new Run(places, places.path(`model-${runs++}.db`));
        await run.open();
        for (const step of actions) {
          await run.step(step);
          await run.check(query);
        }
        await run.store.close();
        expect(await Thermocline.verify(run.path)).toMatchObject({ ok: true, records: run.model.size });
      }),
      { numRuns: 40, seed: 7, endOnFailure: false },
    );
  });
});
