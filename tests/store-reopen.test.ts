import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ColdOptions, ErrorCode, Metric, OpenOptions, Originals } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { bench, contents, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 16;
const codecs: readonly ColdOptions[] = [
  { codec: "eigen", bytes: 8 },
  { codec: "fourier", bytes: 12 },
  { codec: "fourier", bytes: 12, scoring: "symmetric" },
];
const combinations = (["float32", "float16", "none"] as const).flatMap((originals) =>
  codecs.flatMap((cold) =>
    (["cosine", "dot", "euclidean"] as const).map((metric) => ({ originals, cold, metric }) as const),
  ),
);

describe("a store that is opened again", () => {
  const { open, path } = bench("on file");

  /** Both tiers, a hole in each, replaced records of each, and two namespaces. */
  async function used(options: OpenOptions) {
    const store = await open({ dim: DIM, ...options });
    await store.upsert(records(200, DIM));
    await store.demote({ filter: { even: true } });
    await store.delete({ ids: ["r2", "r3", "r40", "r41"] });
    await store.upsert(records(8, DIM, 5).map((record) => ({ ...record, text: "replaced\0" })));
    await store.upsert(records(20, DIM, 6), { namespace: "other" });
    await store.demote({ ids: ["r0", "r1", "r5"] }, { namespace: "other" });
    return store;
  }

  it.each(combinations)("gives the same answers bit for bit: %j", async ({ originals, cold, metric }) => {
    const file = path(`${originals}-${cold.codec}-${metric}.db`);
    const options: OpenOptions = { path: file, originals, cold, metric };
    const ask = async (store: Awaited<ReturnType<typeof open>>) => {
      const answers = [];
      for (const vector of vectors(4, DIM, 9)) {
        for (const filter of [undefined, { group: { $in: ["g1", "g2"] } }]) {
          for (const namespace of ["default", "other"]) {
            answers.push(
              await store.query({ vector, k: 150, namespace, includeVectors: true, ...(filter && { filter }) }),
            );
          }
        }
      }
      const { diskBytes: _, demotions: __, hot, ...stats } = store.stats();
      return { answers, stats, hotRows: hot.rows, count: await store.count() };
    };
    const store = await used(options);
    const before = await ask(store);
    await store.close();
    const after = await ask(await open({ path: file, ...(cold.scoring && { cold: { scoring: cold.scoring } }) }));

    expect(after.count).toBe(196 + 2);
    // toStrictEqual compares numbers by Object.is.
    expect(after).toStrictEqual(before);
  });

  it("stays as it is however often it is opened", async () => {
    const file = path("again.db");
    const ids = records(200, DIM).map(({ id }) => id);
    const store = await used({ path: file });
    const before = await contents(store, ids);
    await store.close();
    for (let i = 0; i < 3; i++) {
      const again = await open({ path: file });
      expect(await contents(again, ids)).toStrictEqual(before);
      await again.close();
    }
  });

  it("goes on where it was: it takes records, moves them and calibrates", async () => {
    const file = path("on.db");
    await (await used({ path: file })).close();
    const store = await open({ path: file });
    const fresh = { id: "fresh", vector: new Float32Array(DIM).fill(1) };
    await store.upsert([fresh]);
    expect(await store.demote({ all: true })).toBeGreaterThan(90);
    await store.calibrate();
    expect((await store.query({ vector: fresh.vector, k: 1 }))[0]).toMatchObject({ id: "fresh", tier: "cold" });
    expect(await store.count()).toBe(199);
  });

  it("has everything in its one file when it is closed", async () => {
    const file = path("one.db");
    await (await used({ path: file })).close();
    copyFileSync(file, path("moved.db"));
    expect(await (await open({ path: path("moved.db") })).count()).toBe(198);
  });

  it("needs no options, and knows what it was made with", async () => {
    const file = path("known.db");
    const made = { dim: DIM, metric: "dot", originals: "none", cold: { codec: "fourier", bytes: 12 } } as const;
    await (await open({ path: file, ...made })).close();
    expect((await open({ path: file })).stats()).toMatchObject({
      dim: DIM,
      metric: "dot",
      originals: "none",
      cold: { codec: "fourier", bytesPerRow: 12 },
    });
    expect((await open({ path: file, ...made })).stats().dim).toBe(DIM);
  });

  it.each<[string, OpenOptions, ErrorCode]>([
    ["dim", { dim: DIM + 1 }, "DIMENSION"],
    ["metric", { metric: "dot" satisfies Metric }, "ARGUMENT"],
    ["originals", { originals: "none" satisfies Originals }, "ARGUMENT"],
    ["codec", { cold: { codec: "fourier" } }, "ARGUMENT"],
    ["bytes", { cold: { bytes: 49 } }, "ARGUMENT"],
  ])("refuses another %s than it was made with, and stays as it was", async (name, options, code) => {
    const file = path("contradiction.db");
    const ids = records(200, DIM).map(({ id }) => id);
    const store = await used({ path: file });
    const before = await contents(store, ids);
    await store.close();
    await refusal(open({ path: file, ...options }), code, new RegExp(`${name} is .* made with|${name} is .* holds`));
    expect(await contents(await open({ path: file }), ids)).toStrictEqual(before);
  });

  it("takes the dimension of its first record for good", async () => {
    const file = path("first.db");
    const store = await open({ path: file });
    await store.upsert([{ id: "a", vector: [1, 2, 3] }]);
    await store.close();
    await refusal(open({ path: file, dim: 4 }), "DIMENSION");
    const again = await open({ path: file });
    expect(again.stats().dim).toBe(3);
    await refusal(again.upsert([{ id: "b", vector: [1] }]), "DIMENSION", /has 1 components.*vectors of 3/);
  });

  it("takes a relative path, and a name that SQLite would take for an address", async () => {
    const before = process.cwd();
    const folder = dirname(path());
    try {
      process.chdir(folder);
      const store = await open({ path: "file:odd?mode=ro.db" });
      await store.upsert([{ id: "a", vector: [1] }]);
      await store.close();
    } finally {
      process.chdir(before);
    }
    expect(readdirSync(folder)).toContain("file:odd?mode=ro.db");
  });

  it("copies itself to another file while it is written to", async () => {
    for (const file of [path("source.db"), undefined]) {
      const store = await open({ ...(file && { path: file }), dim: DIM });
      if (!file) expect(store.stats().records).toBe(0);
      await store.upsert(records(100, DIM));
      const writing = store.upsert(records(3_000, DIM, 2));
      await store.backup(path("copy.db"));
      await writing;
      const copy = await open({ path: path("copy.db") });
      expect([100, 3_000]).toContain(await copy.count());
      expect(copy.stats().records).toBe(await copy.count());
      await copy.close();
    }
  });

  it("copies itself over another store, but over no other file", async () => {
    const store = await open({ path: path("from.db"), dim: 2 });
    await store.upsert([{ id: "a", vector: [1, 2] }]);
    await (await open({ path: path("old.db"), dim: 2 })).close();
    await store.backup(path("old.db"));
    expect(await (await open({ path: path("old.db") })).count()).toBe(1);
    writeFileSync(path("note.txt"), "not a store");
    await refusal(store.backup(path("note.txt")), "FORMAT");
    expect(readFileSync(path("note.txt"), "utf8")).toBe("not a store");
    await refusal(store.backup(path("no/such/folder.db")), "IO");
  });
});
