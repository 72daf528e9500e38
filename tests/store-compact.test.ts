import { statSync } from "node:fs";
import { type OpenOptions, Thermocline } from "@thermocline/core";
import type { StoreInWorker } from "@thermocline/core/browser";
import { describe, expect, it } from "vitest";
import { Child } from "./support/child.js";
import { database } from "./support/database.js";
import { type AnyStore, openWays, ways } from "./support/served-store.js";
import { bench, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 16;
const ids = records(700, DIM).map(({ id }) => id);

/** 700 records in each of two namespaces, most of them cold, of which all but one in ten are deleted. */
async function thinned(store: AnyStore): Promise<void> {
  for (const namespace of ["default", "other"]) {
    await store.upsert(records(700, DIM, namespace.length), { namespace });
    await store.demote({ filter: { n: { $lt: 650 } } }, { namespace });
    await store.delete({ filter: { n: { $in: ids.map((_, n) => n).filter((n) => n % 10 !== 3) } } }, { namespace });
  }
}

const statsOf = (store: AnyStore) => (store as unknown as Pick<StoreInWorker, "stats">).stats();

/** All that callers can see of both namespaces, and of queries that depend on codes. */
async function seen(store: AnyStore): Promise<unknown> {
  const answers = [];
  for (const namespace of ["default", "other"]) {
    answers.push(await store.get(ids, { namespace, includeVectors: true }));
    for (const vector of vectors(5, DIM, 9)) {
      answers.push(await store.query({ vector, k: 300, namespace }));
      answers.push(await store.query({ vector, k: 10, rerank: 10, namespace, filter: { group: "g3" } }));
    }
  }
  return answers;
}

describe.each(ways)("compact %s", (way) => {
  const open = openWays(way);

  it.each<OpenOptions>([
    { originals: "float16", cold: { bytes: 8 } },
    { originals: "none", cold: { bytes: 8 } },
    { originals: "float32", cold: { codec: "fourier", bytes: 12 } },
  ])("makes the store smaller and changes no answer: %j", async (options) => {
    const store = await open({ dim: DIM, ...options });
    await thinned(store);
    const before = [await seen(store), await statsOf(store)] as const;
    const { diskBytes, ramBytes } = await store.compact();
    const stats = await statsOf(store);
    expect(await seen(store)).toStrictEqual(before[0]);
    expect(diskBytes).toEqual({ before: before[1].diskBytes, after: stats.diskBytes });
    expect(diskBytes.after).toBeLessThan(diskBytes.before);
    expect(ramBytes.before).toBe(before[1].cold.ramBytes + before[1].hot.ramBytes);
    expect(ramBytes.after).toBe(stats.cold.ramBytes + stats.hot.ramBytes);
    expect(stats.cold.ramBytes).toBeLessThan(before[1].cold.ramBytes / 2);
    expect(stats.cold.rows).toBe(before[1].cold.rows);
    // Once more there is nothing to do.
    const again = await store.compact();
    expect(again.ramBytes).toEqual({ before: again.ramBytes.before, after: again.ramBytes.before });
    await store.demote({ all: true });
    await store.upsert(records(10, DIM, 3));
    expect(await store.count()).toBe(70 + 9);
  });

  it("takes a store without a record", async () => {
    const store = await open();
    const { diskBytes, ramBytes } = await store.compact();
    expect(diskBytes.after).toBe(diskBytes.before);
    expect(ramBytes).toEqual({ before: 0, after: 0 });
  });
});

describe("compact on file", () => {
  const { open, path } = bench("on file");

  const blocks = (file: string) => {
    const opened = database(file);
    const { count } = opened.prepare("SELECT count(*) AS count FROM code_blocks").get() as { count: number };
    opened.close();
    return count;
  };

  it("puts small blocks together, gives the disk its pages back, and leaves a sound file", async () => {
    const file = path("compact.db");
    const store = await open({ path: file, dim: 4, cold: { bytes: 3 } });
    await store.upsert(records(13_000, 4));
    await store.demote({ all: true });
    expect(blocks(file)).toBe(4);
    await store.delete({ filter: { n: { $lt: 12_000 }, group: { $ne: "g1" } } });
    const seen: number[] = [];
    let total = 0;
    const { diskBytes } = await store.compact({
      onProgress: (progress) => {
        expect(progress.phase).toBe("compact");
        seen.push(progress.done);
        total = progress.total;
      },
    });
    expect(blocks(file)).toBe(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
    expect(statSync(`${file}-wal`).size).toBe(0);
    expect(statSync(file).size).toBe(diskBytes.after);
    expect(diskBytes.after).toBeLessThan(diskBytes.before / 1.5);
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true, blocks: 1, records: 3_400 });
    const before = await store.query({ vector: [1, 1, 1, 1], k: 500 });
    await store.close();
    expect(await (await open({ path: file })).query({ vector: [1, 1, 1, 1], k: 500 })).toStrictEqual(before);
  });

  it("lets queries, writes, moves and recalibration go on, here and in another store", async () => {
    const file = path("busy.db");
    const store = await open({ path: file, dim: DIM, cold: { bytes: 8 } });
    const other = await open({ path: file });
    await store.upsert(records(1_000, DIM));
    await store.demote({ all: true });
    const kept = records(1_000, DIM).filter(({ metadata }) => metadata.n % 3 === 0);
    await store.delete({ filter: { n: { $in: Array.from(Array(1_000).keys()).filter((n) => n % 3 > 0) } } });
    const expected = new Set(kept.map(({ id }) => id));
    let running = true;
    const writing = (async () => {
      for (let i = 0; running; i++) {
        await other.upsert([{ id: `new-${i}`, vector: Array(DIM).fill(i + 1), metadata: { n: -1 } }]);
        await other.demote({ ids: [`new-${i}`] });
        if (i % 4 === 0) await other.delete({ ids: [`new-${i}`] });
      }
    })();
    for (let i = 0; i < 4; i++) {
      const compacting = store.compact();
      const recalibrating = i === 1 ? store.recalibrate({ sampleSize: 200 }) : undefined;
      const hits = await store.query({ vector: Array(DIM).fill(-1), k: 5_000, filter: { n: { $gte: 0 } } });
      expect(new Set(hits.map(({ id }) => id))).toEqual(expected);
      await Promise.all([compacting, recalibrating]);
    }
    running = false;
    await writing;
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true });
    for (const each of [store, other]) {
      const hits = await each.query({ vector: Array(DIM).fill(-1), k: 5_000, filter: { n: { $gte: 0 } } });
      expect(new Set(hits.map(({ id }) => id))).toEqual(expected);
    }
  });

  it("keeps what it has done when its signal fires, and changes no answer", async () => {
    const file = path("aborted.db");
    const store = await open({ path: file, dim: DIM, cold: { bytes: 8 } });
    await thinned(store);
    const before = await seen(store);
    const stop = new AbortController();
    await refusal(
      store.compact({ signal: stop.signal, onProgress: ({ done }) => done > 0 && stop.abort() }),
      "ABORTED",
      /what had been compacted stays so/,
    );
    expect(await seen(store)).toStrictEqual(before);
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true });
    await refusal(store.compact({ signal: AbortSignal.abort() }), "ABORTED");
    await store.compact();
    expect(await seen(store)).toStrictEqual(before);
  });

  it.each([0, 5, 15])("is survived by the store when its process is killed after %d ms of it", async (delay) => {
    const file = path("killed.db");
    const store = await open({ path: file, dim: DIM, cold: { bytes: 8 } });
    await thinned(store);
    const before = await seen(store);
    await store.close();
    const child = new Child(file);
    expect(await child.answer()).toEqual({ result: "open" });
    child.send("compact");
    await new Promise((resolve) => {
      setTimeout(resolve, delay);
    });
    await child.kill();
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true });
    expect(await seen(await open({ path: file }))).toStrictEqual(before);
  });
});
