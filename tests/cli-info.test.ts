import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeNpy, parseNpyHeader, Thermocline } from "@thermocline/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blockLine, heights } from "../packages/cli/src/block-line.js";
import { cli, cliJson } from "./support/cli.js";

const folder = mkdtempSync(join(tmpdir(), "thermocline-cli-info-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const [DIM, ROWS] = [32, 1500];
const vectorOf = (i: number) =>
  Float32Array.from({ length: DIM }, (_, j) => (Math.sin(i * (j + 1) * 0.7) + Math.cos(i * 1.3 + j)) / (1 + j));

beforeAll(async () => {
  const store = await Thermocline.open({ path: at("memory.db"), dim: DIM, metric: "dot", cold: { bytes: 8 } });
  await store.upsert(
    Array.from({ length: ROWS }, (_, i) => ({ id: `row-${i}`, vector: vectorOf(i), metadata: { i } })),
  );
  await store.close();
  const plain = await Thermocline.open({ path: at("plain.db") });
  await plain.upsert([{ id: "a", text: "No vector." }]);
  await plain.close();
});

describe("info", () => {
  it("draws the spectrum and the bits of each coordinate in a line, and gives both as numbers", async () => {
    const { value } = await cliJson<{
      spectrum: { eigenvalues: number[]; bits: number[]; bitsFrom: string; sample: number };
    }>("info", at("memory.db"));
    expect(value).toMatchObject({ records: ROWS, dim: DIM, formatVersion: 1, hot: { rows: ROWS } });
    const { eigenvalues, bits, bitsFrom, sample } = value.spectrum;
    expect([eigenvalues.length, bits.length, bitsFrom, sample]).toEqual([DIM, DIM, "plan", ROWS]);
    expect(eigenvalues).toEqual(eigenvalues.toSorted((a, b) => b - a));
    expect(bits.reduce((sum, each) => sum + each, 0)).toBeCloseTo(8 * 7, 6);
    const { out } = await cli("info", at("memory.db"));
    expect(out).toMatch(/^spectrum {3}█[▁▂▃▄▅▆▇█]*$/m);
    expect(out).toMatch(/^bits {7}█[▁▂▃▄▅▆▇█]*$/m);
    expect(out).toMatch(/^ {11}\d+ of 32 coordinates would get bits of a code, /m);
    expect(out).toMatch(/^file .*, format 1$/m);
    expect(out).not.toContain("\x1b");
  });

  it("draws none of a store without vectors", async () => {
    const { value } = await cliJson("info", at("plain.db"));
    expect(value).toMatchObject({ records: 1, withoutVector: 1 });
    expect(value).not.toHaveProperty("spectrum");
    expect((await cli("info", at("plain.db"))).out).not.toMatch(/spectrum/);
  });

  it("draws the tallest block for the largest number, spaces for nothing, and no more than 64", () => {
    expect(blockLine([8, 7, 4, 1, 0, 0])).toBe("█▇▄▁");
    expect(blockLine([1, 0, 1])).toBe("█ █");
    expect([...blockLine(Array(1000).fill(3))]).toHaveLength(64);
    expect(blockLine(heights([1, 0.1, 0.0001, 0]))).toBe("█▆");
  });
});

describe("export with --vectors", () => {
  it("writes lines and rows that belong together, and import reads them again", async () => {
    const args = ["export", at("memory.db"), at("records.jsonl"), "--vectors", at("vectors.npy")];
    expect((await cliJson(...args)).value).toMatchObject({ records: ROWS, vectors: at("vectors.npy") });
    const bytes = readFileSync(at("vectors.npy"));
    const header = parseNpyHeader("vectors.npy", bytes);
    expect(header).toMatchObject({ shape: [ROWS, DIM], fortranOrder: false, dataOffset: 128 });
    const values = decodeNpy(header, bytes.subarray(header.dataOffset));
    const lines = readFileSync(at("records.jsonl"), "utf8").trim().split("\n");
    lines.forEach((line, row) => {
      const { id, ...rest } = JSON.parse(line) as { id: string };
      expect(rest).toEqual({ metadata: { i: Number(id.slice(4)) } });
      expect(values.slice(row * DIM, (row + 1) * DIM)).toEqual(vectorOf(Number(id.slice(4))));
    });
    await cliJson("import", at("again.db"), at("records.jsonl"), "--vectors", at("vectors.npy"), "--metric", "dot");
    const store = await Thermocline.open({ path: at("again.db"), readOnly: true });
    expect((await store.get(["row-9"], { includeVectors: true }))[0]?.vector).toEqual(vectorOf(9));
    await store.close();
  });

  it("refuses records without a vector, and leaves nothing behind", async () => {
    const store = await Thermocline.open({ path: at("mixed.db"), dim: 2 });
    await store.upsert([
      { id: "a", vector: [1, 0] },
      { id: "b", text: "No vector." },
    ]);
    await store.close();
    const args = (store: string) => ["export", at(store), at("mixed.jsonl"), "--vectors", at("mixed.npy")];
    expect(await cli(...args("mixed.db"))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/record b has no vector/),
    });
    expect(await cli(...args("plain.db"))).toMatchObject({ code: 2, err: expect.stringMatching(/has no vectors/) });
    expect(readdirSync(folder).filter((name) => /^mixed\.(jsonl|npy)/.test(name))).toEqual([]);
    expect(await cli("export", at("memory.db"), at("nowhere/x.jsonl"))).toMatchObject({ code: 1 });
  });
});

describe("recommend with --plot", () => {
  it("draws the curve with what was chosen, as a file that needs no other", async () => {
    await cli("export", at("memory.db"), at("r.jsonl"), "--vectors", at("v & <w>.npy"));
    const plots = new Map<string, string>();
    for (const name of ["curve.svg", "curve.html"]) {
      const args = ["recommend", at("v & <w>.npy"), "--recall", "0.5", "--plot", at(name)];
      const { value } = await cliJson<{ targets: { bytes: number; bytesReranked: number }[]; curve: unknown[] }>(
        ...args,
      );
      const drawn = readFileSync(at(name), "utf8");
      plots.set(name, drawn);
      const [target] = value.targets;
      expect(drawn.match(/class="chosen"/g)).toHaveLength(2);
      expect(drawn).toContain(`0.5: ${target?.bytes} B`);
      expect(drawn).toContain(`0.5: ${target?.bytesReranked} B`);
      expect(drawn.match(/class="point"/g)).toHaveLength(2 * value.curve.length);
      expect(drawn).toContain("prefers-color-scheme: dark");
      expect(drawn).toContain("v &amp; &lt;w&gt;.npy");
      expect(drawn).not.toMatch(/NaN|undefined|<w>|(href|src|url)\W+https?:/);
    }
    expect(plots.get("curve.svg")).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(plots.get("curve.html")).toMatch(/^<!doctype html>/);
  });
});
