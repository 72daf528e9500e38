import { readdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Thermocline } from "@thermocline/core";
import { afterEach, describe, expect, it } from "vitest";
import { backends, bench, contents, refusal } from "./support/stores.js";

/** 2,100 records around 40 centres, 2,000 of them cold. */
async function filled(store: Thermocline): Promise<string[]> {
  const records = Array.from({ length: 2_100 }, (_, i) => ({
    id: `r${i}`,
    vector: Float32Array.from({ length: 16 }, (_, j) => Math.sin(1 + (i % 40) * j) + Math.sin(i * 7 + j * 3) / 5),
    text: `text ${i}\0`,
    metadata: { i },
  }));
  await store.upsert(records);
  await store.demote({ filter: { i: { $lt: 2_000 } } });
  return records.map(({ id }) => id);
}

describe.each(backends)("the bytes of a store %s", (backend) => {
  const { open, path } = bench(backend);
  const opened: Thermocline[] = [];
  const fromBytes = async (bytes: Uint8Array) => {
    const store = await Thermocline.fromBytes(bytes);
    opened.push(store);
    return store;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close().catch(() => {})));
  });

  it("open as the same store, in memory and as a file, with the same answers to the bit", async () => {
    const store = await open({ cold: { bytes: 8 } });
    const ids = await filled(store);
    const before = await contents(store, ids);
    const bytes = await store.toBytes();
    const copy = await fromBytes(bytes);
    expect(copy.stats().cold.rows).toBe(2_000);
    expect(await contents(copy, ids)).toEqual(before);
    writeFileSync(path("copy.db"), bytes);
    const file = await open({ path: path("copy.db") });
    expect(await contents(file, ids)).toEqual(before);
  });

  it("hold every row whose write has resolved, and none of a write under way", async () => {
    const store = await open();
    const vector = [1, 2, 3];
    const records = (from: number) => Array.from({ length: 500 }, (_, i) => ({ id: `${from + i}`, vector }));
    await store.upsert(records(0));
    const writing = store.upsert(records(500));
    const copy = await fromBytes(await store.toBytes());
    await writing;
    expect([500, 1_000]).toContain(copy.stats().records);
    expect(await copy.count()).toBe(copy.stats().records);
    const all = await fromBytes(await store.toBytes());
    expect(all.stats().records).toBe(1_000);
  });

  it("make a store that can be written, and that shares nothing with them or with the first", async () => {
    const store = await open();
    await store.upsert([{ id: "a", vector: [1, 0] }]);
    const bytes = await store.toBytes();
    const kept = bytes.slice();
    const [one, two] = [await fromBytes(bytes), await fromBytes(bytes)];
    await one.upsert([{ id: "b", vector: [0, 1] }]);
    expect([one.stats().records, two.stats().records, store.stats().records]).toEqual([2, 1, 1]);
    expect(bytes).toEqual(kept);
    const again = await fromBytes(await one.toBytes());
    expect(await again.get(["a", "b"])).toEqual(await one.get(["a", "b"]));
  });

  it("leave no copy behind on the disk", async () => {
    const copies = () => readdirSync(tmpdir()).filter((name) => name.startsWith("thermocline-copy-")).length;
    const store = await open();
    await store.upsert([{ id: "a", vector: [1, 0] }]);
    const before = copies();
    const copy = await fromBytes(await store.toBytes());
    await copy.close();
    await refusal(Thermocline.fromBytes(new Uint8Array(200)), "FORMAT");
    expect(copies()).toBe(before);
  });

  it("are refused with what is wrong", async () => {
    const store = await open({ dim: 2 });
    await store.upsert(Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, vector: [i, 1], text: "x".repeat(100) })));
    const bytes = await store.toBytes();
    await refusal(Thermocline.fromBytes("memory.db" as unknown as Uint8Array), "ARGUMENT", /bytes is "memory\.db"/);
    await refusal(Thermocline.fromBytes(new Uint8Array()), "FORMAT");
    await refusal(Thermocline.fromBytes(await readFile(import.meta.filename)), "FORMAT");
    await refusal(Thermocline.fromBytes(bytes.slice(0, bytes.length / 2)), "CORRUPT", /cut off/);
    await refusal(Thermocline.fromBytes(bytes, { dim: 3 }), "DIMENSION");
    await refusal(Thermocline.fromBytes(bytes, { metric: "dot" }), "ARGUMENT", /metric/);
    await refusal(
      Thermocline.fromBytes(bytes, { path: "memory.db" } as object),
      "ARGUMENT",
      /option "path" of fromBytes/,
    );
    const scrambled = bytes.slice();
    scrambled.fill(0xa5, 8_192);
    await refusal(Thermocline.fromBytes(scrambled), "CORRUPT");
  });
});
