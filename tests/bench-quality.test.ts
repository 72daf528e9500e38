import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { evenly, loadCollection } from "../bench/src/quality/collection.js";
import { loadKernel } from "../packages/core/src/kernel/load.js";
import { root } from "../scripts/files.mjs";

/** Runs the suite as `npm run bench -- quality` does. */
async function quality(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = ["--import", "tsx", "bench/src/main.ts", "quality", ...args];
  return promisify(execFile)(process.execPath, command, { cwd: root }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "thermocline-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe("the quality suite", () => {
  it("prints one JSON object with the promised keys and plausible figures, and nothing else", async () => {
    const { code, stdout, stderr } = await quality(
      "--json",
      ...["--dataset", "scifact", "--only", "eigen", "--bytes", "24", "--seeds", "1"],
    );
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const report: { machine: object; rows: Record<string, unknown>[]; totalSeconds: number } = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual(["machine", "rows", "totalSeconds"]);
    expect(Object.keys(report.machine)).toEqual(expect.arrayContaining(["cpu", "cores", "node", "kernel", "commit"]));

    expect(report.rows.map(({ name }) => name)).toEqual([
      "eigen 24 B",
      "eigen 24 B fitted on 1024 rows",
      "eigen 24 B fast",
    ]);
    expect(report.rows.map(({ sampleRows }) => sampleRows)).toEqual([5183, 1024, 5183]);
    expect(report.rows.map(({ effort }) => effort)).toEqual([null, null, "fast"]);
    for (const row of report.rows) {
      expect(row).toMatchObject({ dataset: "scifact", codec: "eigen", scoring: "asymmetric", bytes: 24 });
      expect(row).toMatchObject({ rows: 5183, dim: 384, queries: 300, seeds: 1 });
      const within = (key: string, least: number, most: number) => {
        expect(row[key], key).toBeGreaterThanOrEqual(least);
        expect(row[key], key).toBeLessThanOrEqual(most);
      };
      within("ndcg10", 0.56, 0.66);
      within("overlap10", 0.64, 0.95);
      within("overlap10at100", 0.97, 1);
      within("fitSeconds", 0.001, 600);
      within("encodeRowsPerSecond", 100, 1e8);
      within("codebookBytes", 1e4, 1e8);
      expect(row.ndcgRatio).toBeCloseTo(Number(row.ndcg10) / 0.6451, 3);
    }
  }, 120_000);

  it("leaves a data set out, and says so, where its files are not", async () => {
    const folder = await temporaryFolder();
    const { code, stdout, stderr } = await quality("--json", "--dataset", "wordnet", "--datasets", folder);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ rows: [] });
    expect(stderr).toContain(`wordnet is left out: its files are not in ${folder}`);
  });

  it.each([
    ["a data set", ["--dataset", "scifacts"], 'no data set "scifacts"; there are scifact, wordnet'],
    ["a case", ["--only", "eigne"], "eigen 24 B fast"],
    ["an option", ["--seed", "1"], "--seed"],
    ["a number of seeds", ["--seeds", "0"], '--seeds takes whole numbers from 1, not "0"'],
  ])("refuses %s that there is not, and says what there is", async (_, args, message) => {
    const { code, stdout, stderr } = await quality(...args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });
});

describe("rows taken evenly", () => {
  it("begin with the first and are equally far apart", () => {
    const rows = Float32Array.from({ length: 20 }, (_, i) => i);
    expect([...evenly(rows, 2, 3)]).toEqual([0, 1, 6, 7, 12, 13]);
  });

  it("are all where there are no more", () => {
    expect(evenly(Float32Array.of(1, 2), 1, 3)).toEqual(Float32Array.of(1, 2));
  });
});

describe("WordNet's files", () => {
  /** A float16 `.npy` file whose row r is (0, r + 1). */
  function rising(rows: number): Buffer {
    const header = Buffer.from(`{'descr': '<f2', 'fortran_order': False, 'shape': (${rows}, 2), }\n`, "latin1");
    const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0]);
    // 0x3c00 + 1 is the next half after 1, and so on: rising numbers below 2.
    const halves = Uint16Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 0 : 0x3c00 + (i >> 1)));
    return Buffer.concat([start, header, Buffer.from(halves.buffer)]);
  }

  it("become unit rows and 500 queries", async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, "wordnet"));
    await writeFile(path.join(folder, "wordnet", "documents.f16.npy"), rising(3));
    await writeFile(path.join(folder, "wordnet", "queries.f16.npy"), rising(1000));
    const collection = await loadCollection(await loadKernel(undefined), "wordnet", folder);
    expect(collection?.dim).toBe(2);
    expect([...(collection?.documents ?? [])]).toEqual([0, 1, 0, 1, 0, 1]);
    expect(collection?.queries).toHaveLength(1000);
    expect(collection?.relevance).toBeNull();
  });
});
