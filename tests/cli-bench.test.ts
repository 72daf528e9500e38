import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { cliFiles, npyOf, ROWS, VECTORS } from "./support/cli-files.js";
import { typed } from "./support/typed.js";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "thermocline-cli-bench-"));
const at = (name: string) => join(folder, name);
beforeAll(() => cliFiles(folder));
afterAll(() => rmSync(folder, { recursive: true }));

interface Setting {
  readonly bytes: number;
  readonly rerank: number;
  readonly recall: number;
  readonly ms: { readonly median: number; readonly p95: number };
  readonly ramBytes: number;
  readonly diskBytes: number;
}

interface Result {
  readonly vectors: number;
  readonly rows: number;
  readonly queries: { readonly count: number; readonly from: string };
  readonly exact: Omit<Setting, "bytes" | "rerank" | "recall">;
  readonly settings: readonly Setting[];
  readonly error?: { readonly code: string; readonly message: string };
}

const printed = (...args: readonly string[]) => typed("bench", ...args);

async function bench(...args: readonly string[]): Promise<Result & { readonly code: number }> {
  const { code, out } = await printed(...args, "--json");
  return { code, ...JSON.parse(out) };
}

/** The share of the exact first ten that a store of such codes finds, worked out without the command. */
async function recallOf(
  rows: readonly Float32Array[],
  queries: readonly Float32Array[],
  bytes: number,
): Promise<number> {
  await using store = await Thermocline.open({
    cold: { bytes },
    originals: "none",
    hot: { capacity: Number.POSITIVE_INFINITY },
  });
  await store.upsert(rows.map((vector, i) => ({ id: String(i), vector })));
  await store.demote({ all: true });
  const cosine = (a: Float32Array, b: Float32Array) => {
    const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  let found = 0;
  for (const query of queries) {
    const scores = rows
      .map((row, i) => ({ id: String(i), score: cosine(row, query) }))
      .sort((a, b) => b.score - a.score);
    const exact = new Set(scores.slice(0, 10).map(({ id }) => id));
    found += (await store.query({ vector: query, k: 10 })).filter(({ id }) => exact.has(id)).length;
  }
  return found / (10 * queries.length);
}

describe("the command bench", () => {
  it("measures codes of each size, rescored and alone, against exact search on held-out rows", async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("thermocline-bench-"));
    const result = await bench(at("documents.npy"), "--bytes", "4", "--bytes", "16", "--asked", "40");
    expect(result).toMatchObject({ code: 0, vectors: ROWS, rows: ROWS - 40, queries: { count: 40, from: "held out" } });
    expect(result.settings.map(({ bytes, rerank }) => [bytes, rerank])).toEqual([
      [4, 128],
      [4, 0],
      [16, 128],
      [16, 0],
    ]);
    const [small, smallAlone, large, largeAlone] = result.settings as [Setting, Setting, Setting, Setting];
    const held = new Set(Array.from({ length: 40 }, (_, i) => Math.floor(((i + 0.5) * ROWS) / 40)));
    const asked = VECTORS.filter((_, i) => held.has(i));
    const rows = VECTORS.filter((_, i) => !held.has(i));
    expect(smallAlone.recall).toBeCloseTo(await recallOf(rows, asked, 4), 9);
    expect(largeAlone.recall).toBeCloseTo(await recallOf(rows, asked, 16), 9);
    expect(small.recall).toBeGreaterThan(smallAlone.recall);
    expect(large.recall).toBeGreaterThanOrEqual(largeAlone.recall);
    expect(large.ramBytes).toBeGreaterThan(small.ramBytes);
    expect(largeAlone.diskBytes).toBeLessThan(large.diskBytes);
    for (const { ms } of [result.exact, ...result.settings]) expect(ms.p95).toBeGreaterThanOrEqual(ms.median);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("thermocline-bench-"))).toEqual(before);
  });

  it("takes the vectors of a store and the queries of a file, and leaves the store as it was", async () => {
    const result = await bench(
      at("memory.db"),
      "--queries",
      at("queries.npy"),
      "-k",
      "3",
      "--bytes",
      "8",
      "--rerank",
      "0",
    );
    expect(result).toMatchObject({
      code: 0,
      vectors: ROWS,
      rows: ROWS,
      queries: { count: 60, from: at("queries.npy") },
    });
    expect(result.settings).toHaveLength(1);
    await using store = await Thermocline.open({ path: at("memory.db"), readOnly: true });
    expect(store.stats()).toMatchObject({ records: ROWS, codebook: { id: 1 }, cold: { rows: ROWS / 2 } });
  });

  it("takes rows evenly where there are many, and says of what its figures are", async () => {
    const { code, out } = await printed(
      at("documents.npy"),
      "--rows",
      "300",
      "--asked",
      "20",
      "--bytes",
      "8",
      "--rerank",
      "50",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/300 vectors of 32 components, cosine, 20 queries/);
    expect(out).toMatch(/8 B, 50 rescored +[01]\.\d{3} +[\d.]+ ms +[\d.]+ ms/);
    expect(out).toMatch(/Machine: .+ processors, .+, Node v.+; kernel (native|wasm) \(/);
    expect(out).toMatch(/Rows: 300, a sample of 1,200, and recall falls as rows grow/);
  });

  it("refuses what cannot be measured, by what is wrong with it", async () => {
    writeFileSync(at("few.npy"), npyOf(VECTORS.slice(0, 20)));
    writeFileSync(at("narrow.npy"), npyOf(VECTORS.map((row) => row.slice(0, 7))));
    expect(await bench(at("few.npy"))).toMatchObject({
      code: 2,
      error: { message: expect.stringMatching(/20 vectors.*100 or more/) },
    });
    const narrow = await bench(at("documents.npy"), "--queries", at("narrow.npy"));
    expect(narrow).toMatchObject({ code: 2, error: { code: "DIMENSION" } });
    expect(await bench(at("memory.db"), "--metric", "dot")).toMatchObject({
      code: 2,
      error: { message: expect.stringMatching(/leave --metric out/) },
    });
    expect(await bench(at("none.db"))).toMatchObject({ code: 1 });
    expect(existsSync(at("none.db"))).toBe(false);
    for (const wrong of [
      ["-k", "0"],
      ["--bytes", "1"],
      ["--rows", "ten"],
      ["--metric", "hamming"],
    ]) {
      expect((await bench(at("documents.npy"), ...wrong)).code).toBe(2);
    }
  });
});
