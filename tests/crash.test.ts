import { describe, expect, it } from "vitest";
import { Child } from "./support/child.js";
import { bench } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 8;
const BATCH = 40;

/** More than a process does before it is killed. */
const STEPS = 800;

interface Step {
  readonly method: "upsert" | "delete" | "demote" | "promote" | "pin" | "unpin";
  readonly args: unknown;
  /** The ids that the step is about. */
  readonly ids: readonly string[];
}

/** Call after call: a batch in, every third batch moved down, every sixth up again, every ninth pinned in part, every fourth half deleted, every fifth replaced. */
function* steps(): Generator<Step> {
  for (let batch = 0; ; batch++) {
    const ids = records(BATCH, DIM).map((_, n) => `${batch}-${n}`);
    const write = (seed: number): Step => ({
      method: "upsert",
      args: records(BATCH, DIM, seed).map(({ vector, text }, n) => ({
        id: ids[n],
        vector: [...vector],
        text: `${text} ${seed}`,
        metadata: { batch, seed },
      })),
      ids,
    });
    yield write(2 * batch + 1);
    if (batch % 3 === 0) yield { method: "demote", args: { filter: { batch } }, ids };
    if (batch % 6 === 0) yield { method: "promote", args: { filter: { batch } }, ids };
    if (batch % 9 === 0) yield { method: "pin", args: { ids: ids.slice(0, 9) }, ids };
    if (batch % 18 === 0) yield { method: "unpin", args: { ids: ids.slice(3, 9) }, ids };
    if (batch % 5 === 0) yield write(2 * batch + 2);
    if (batch % 4 === 0) {
      const half = ids.slice(0, BATCH / 2);
      yield { method: "delete", args: { ids: half }, ids: half };
    }
  }
}

/** What the records are after so many steps: by id the seed they were last written with. */
function after(done: readonly Step[]): ReadonlyMap<string, number> {
  const model = new Map<string, number>();
  for (const { method, args, ids } of done) {
    for (const id of ids) {
      if (method === "upsert") model.set(id, (args as { metadata: { seed: number } }[])[0]?.metadata.seed ?? 0);
      if (method === "delete") model.delete(id);
    }
  }
  return model;
}

describe("a store whose process is killed while it writes", () => {
  const { open, path } = bench("on file");

  it.each([
    ["float16", 25],
    ["none", 60],
    ["float32", 110],
    ["none", 190],
    ["float16", 350],
  ] as const)(
    "has every acknowledged step and nothing half written (%s originals, %d ms)",
    async (originals, delay) => {
      const file = path("killed.db");
      const child = new Child(file, { dim: DIM, originals, cold: { bytes: 4 } });
      expect(await child.answer()).toEqual({ result: "open" });
      const sent: Step[] = [];
      // All at once, so that the child is always in the middle of something.
      for (const step of steps()) {
        child.send(step.method, step.args);
        if (sent.push(step) === STEPS) break;
      }
      const killed = new Promise((resolve) => {
        setTimeout(() => resolve(child.kill()), delay);
      });
      let done = 0;
      for (let answer = await child.answer(); answer.code !== "ENDED"; answer = await child.answer()) {
        // What is cold has no vector that it could move up with.
        if (originals !== "none" || answer.code !== "UNSUPPORTED") expect(answer.code).toBeUndefined();
        done += 1;
      }
      await killed;
      expect(done).toBeLessThan(STEPS);

      const store = await open({ path: file });
      const ids = [...new Set(sent.flatMap((step) => step.ids))];
      const found = new Map(
        (await store.get(ids, { includeVectors: true })).flatMap((record) => (record ? [[record.id, record]] : [])),
      );
      const seeds = new Map([...found].map(([id, { metadata }]) => [id, metadata["seed"] as number]));
      // The step under way may have been committed before the acknowledgement was on its way: it is whole then.
      expect([after(sent.slice(0, done)), after(sent.slice(0, done + 1))]).toContainEqual(seeds);

      expect(await store.count()).toBe(found.size);
      expect(store.stats().records).toBe(found.size);
      const hits = await store.query({ vector: Array(DIM).fill(1), k: 10_000 });
      expect(new Set(hits.map(({ id }) => id))).toEqual(new Set(found.keys()));
      for (const { id, tier, text, metadata } of hits) expect(found.get(id)).toMatchObject({ tier, text, metadata });
      await store.upsert([{ id: "next", vector: Array(DIM).fill(1) }]);
      expect(await store.demote({ all: true })).toBeGreaterThan(0);
      expect((await store.query({ vector: Array(DIM).fill(1), k: 1 }))[0]?.id).toBe("next");
    },
  );

  it("can be killed again and again, and by other processes beside it", async () => {
    const file = path("again.db");
    const store = await open({ path: file, dim: DIM });
    let acknowledged = 0;
    for (let round = 0; round < 3; round++) {
      const child = new Child(file);
      expect(await child.answer()).toEqual({ result: "open" });
      for (let i = 0; i < 30; i++) child.send("upsert", [{ id: `${round}-${i}`, vector: Array(DIM).fill(i + 1) }]);
      for (let i = 0; i < 5 + round; i++) expect(await child.answer()).toEqual({ result: null });
      acknowledged += 5 + round;
      await child.kill();
      expect(await store.count()).toBeGreaterThanOrEqual(acknowledged);
      await store.upsert([{ id: `own-${round}`, vector: Array(DIM).fill(1) }]);
      acknowledged += 1;
    }
    const count = await store.count();
    expect(store.stats().records).toBe(count);
    await store.close();
    expect(await (await open({ path: file })).count()).toBe(count);
  });
});
