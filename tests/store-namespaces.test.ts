import { Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { openWays, ways } from "./support/served-store.js";
import { bench, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 8;

describe.each(ways)("the namespaces of a store %s", (way) => {
  const open = openWays(way);
  const [vector = new Float32Array()] = vectors(1, DIM, 9);

  /** Namespace a: 400 records, half of them cold, some of those deleted. Namespace b: 10. */
  async function filled(options: Parameters<typeof open>[0] = {}) {
    const store = await open({ dim: DIM, cold: { bytes: 4 }, ...options });
    await store.upsert(records(400, DIM), { namespace: "a" });
    await store.upsert(records(10, DIM, 2), { namespace: "b" });
    await store.demote({ filter: { even: true } }, { namespace: "a" });
    await store.delete({ filter: { n: { $lt: 20 } } }, { namespace: "a" });
    return store;
  }

  async function seen(store: Awaited<ReturnType<typeof open>>, namespace: string) {
    const hits = await store.query({ vector, k: 1_000, namespace, includeVectors: true });
    return hits.map((hit) => ({ ...hit, namespace: "" }));
  }

  it("are listed with their records, in the order in which they were made, while they have some", async () => {
    const store = await filled();
    const a = { name: "a", records: 380, hot: 190, cold: 190, withoutVector: 0 };
    expect(await store.namespaces()).toEqual([a, { name: "b", records: 10, hot: 10, cold: 0, withoutVector: 0 }]);
    await store.delete({ all: true }, { namespace: "b" });
    expect(await store.namespaces()).toEqual([a]);
  });

  it.each(["float16", "none"] as const)(
    "are copied whole, with the same answers to the bit, with originals %s",
    async (originals) => {
      const store = await filled({ originals });
      const before = await seen(store, "a");
      const progress: number[] = [];
      expect(await store.copyNamespace("a", "c", { onProgress: ({ done }) => progress.push(done) })).toBe(380);
      expect(progress.at(-1)).toBe(380);
      expect(await seen(store, "c")).toEqual(before);
      expect(before.map(({ tier }) => tier)).toContain("cold");
      // They are independent of each other.
      await store.delete({ filter: { group: "g1" } }, { namespace: "a" });
      expect(await seen(store, "c")).toEqual(before);
      await store.dropNamespace("a");
      expect(await seen(store, "c")).toEqual(before);
      // And what the image in RAM shows is what the file holds.
      const again = await Thermocline.fromBytes(await store.toBytes());
      const hits = await again.query({ vector, k: 1_000, namespace: "c", includeVectors: true });
      expect(hits.map((hit) => ({ ...hit, namespace: "" }))).toEqual(before);
      await again.close();
    },
  );

  it("are dropped whole, and may be written anew", async () => {
    const store = await filled();
    const b = await seen(store, "b");
    expect(await store.dropNamespace("a")).toBe(380);
    expect(await store.dropNamespace("a")).toBe(0);
    expect(await store.dropNamespace("never")).toBe(0);
    expect(await seen(store, "a")).toEqual([]);
    expect(await store.count(undefined, { namespace: "a" })).toBe(0);
    expect(await seen(store, "b")).toEqual(b);
    await store.upsert(records(3, DIM), { namespace: "a" });
    expect((await store.namespaces()).map(({ name, records }) => [name, records])).toEqual(
      expect.arrayContaining([
        ["a", 3],
        ["b", 10],
      ]),
    );
    expect(await seen(store, "a")).toHaveLength(3);
    const again = await Thermocline.fromBytes(await store.toBytes());
    expect((await again.namespaces()).reduce((sum, { records }) => sum + records, 0)).toBe(13);
    await again.close();
  });

  it("stay as they were when a call is refused or ends early", async () => {
    const store = await filled();
    const before = { a: await seen(store, "a"), b: await seen(store, "b") };
    await refusal(() => store.copyNamespace("a", "b"), "ARGUMENT", /"b" holds 10 records.*drop it first/);
    await refusal(() => store.copyNamespace("a", "a"), "ARGUMENT", /"a" holds 380 records/);
    await refusal(() => store.copyNamespace(undefined as never, "c"), "ARGUMENT", /source is undefined; give the name/);
    await refusal(() => store.copyNamespace("a", "c\0"), "ARGUMENT", /namespace is /);
    await refusal(() => store.dropNamespace(undefined as never), "ARGUMENT", /name is undefined; give the name/);
    await refusal(() => store.dropNamespace("a", { force: true } as never), "ARGUMENT", /Unknown option "force"/);
    for (const signal of [AbortSignal.abort()]) {
      await refusal(() => store.copyNamespace("a", "c", { signal }), "ABORTED");
      await refusal(() => store.dropNamespace("a", { signal }), "ABORTED");
    }
    const late = new AbortController();
    const calls = [store.copyNamespace("a", "c", { signal: late.signal }), store.dropNamespace("none")];
    late.abort();
    await refusal(calls[0] as Promise<number>, "ABORTED");
    expect(await calls[1]).toBe(0);
    expect({ a: await seen(store, "a"), b: await seen(store, "b") }).toEqual(before);
    expect((await store.namespaces()).map(({ name }) => name)).toEqual(["a", "b"]);
    await store.close();
    for (const call of [() => store.namespaces(), () => store.copyNamespace("a", "c"), () => store.dropNamespace("a")])
      await refusal(call, "CLOSED");
  });
});

describe("a namespace of a file that another connection has open", () => {
  const { open, path } = bench("on file");

  it("is gone there, too, when it is dropped, and found there when it was copied", async () => {
    const store = await open({ path: path("shared.db"), dim: DIM, cold: { bytes: 4 } });
    await store.upsert(records(200, DIM));
    await store.demote({ filter: { even: true } });
    const other = await open({ path: path("shared.db") });
    await store.copyNamespace("default", "copy");
    expect(await other.count(undefined, { namespace: "copy" })).toBe(200);
    expect(await other.dropNamespace("default")).toBe(200);
    expect((await store.namespaces()).map(({ name, cold }) => [name, cold])).toEqual([["copy", 100]]);
  });
});
