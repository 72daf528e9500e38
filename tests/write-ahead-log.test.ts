import { statSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { bench, refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const disk = vi.hoisted(() => ({ syncs: 0, before: undefined as (() => Promise<void>) | undefined }));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const fdatasync = (file: number, done: (error: Error | null) => void) => {
    Promise.resolve(disk.before?.()).then(
      () => {
        disk.syncs += 1;
        fs.fdatasync(file, done);
      },
      (error: Error) => done(error),
    );
  };
  return { ...fs, default: { ...fs, fdatasync }, fdatasync };
});

const DIM = 8;

describe("the write-ahead log", () => {
  const { open, path } = bench("on file");
  afterEach(() => {
    disk.before = undefined;
    disk.syncs = 0;
  });

  it("is on disk before a write resolves", async () => {
    const store = await open({ dim: DIM });
    let release = () => {};
    disk.before = () => new Promise<void>((resolve) => (release = resolve));
    let resolved = false;
    const write = store.upsert(records(10, DIM)).then(() => {
      resolved = true;
    });
    while (store.stats().records < 10) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(resolved).toBe(false);
    // Others are not kept waiting by the disk.
    expect(await store.query({ vector: records(1, DIM)[0]?.vector, k: 1 })).toHaveLength(1);
    disk.before = undefined;
    release();
    await write;
    expect(disk.syncs).toBeGreaterThan(0);
  });

  it("is not waited for with durability normal", async () => {
    const store = await open({ dim: DIM, durability: "normal" });
    await store.upsert(records(10, DIM));
    expect(disk.syncs).toBe(0);
  });

  it("is brought to disk once for writes that come together", async () => {
    const store = await open({ dim: DIM });
    disk.syncs = 0;
    const all = records(40, DIM);
    await Promise.all(all.map((record) => store.upsert([record])));
    expect(store.stats().records).toBe(40);
    expect(disk.syncs).toBeGreaterThan(0);
    expect(disk.syncs).toBeLessThan(40);
  });

  it("makes a write reject with IO where the disk fails", async () => {
    const store = await open({ dim: DIM });
    disk.before = () => Promise.reject(new Error("EIO: i/o error, fdatasync"));
    await refusal(store.upsert(records(10, DIM)), "IO", /could not be brought to disk.*EIO/);
    disk.before = undefined;
    await store.upsert(records(20, DIM));
    expect(store.stats().records).toBe(20);
  });

  it("is merged into the file while the store is written to, and does not grow without end", async () => {
    const file = path();
    const store = await open({ path: file, dim: 256 });
    const empty = statSync(file).size;
    const text = "water ".repeat(300);
    for (let at = 0; at < 30_000; at += 3_000) {
      const some = records(3_000, 256, at).map((record, n) => ({ ...record, id: `${at + n}`, text }));
      await store.upsert(some);
    }
    const { diskBytes } = store.stats();
    expect(diskBytes).toBeGreaterThan(80 * 2 ** 20);
    expect(statSync(file).size).toBeGreaterThan(empty + diskBytes / 4);
    expect(statSync(`${file}-wal`).size).toBeLessThan(0.8 * diskBytes);
  });
});
