import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import type { StoreFigures } from "../bench/src/store/measure.js";
import { exactAnswers, queryVectors, recordChunks } from "../bench/src/store/records.js";
import { storeTargets } from "../bench/src/store/targets.js";
import { root } from "../scripts/files.mjs";

it("the store suite fills a store, asks it in another process, and prints one JSON object", {
  timeout: 120_000,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "thermocline-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const args = ["--import", "tsx", "bench/src/main.ts", "store", "--check", "--json", "--folder", folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const { rows, targets } = JSON.parse(stdout) as { rows: { figures: StoreFigures }[]; targets: object[] };
  expect(rows).toMatchObject([{ store: "thermocline", rows: 2_000, error: null, figures: { overlap10: 1 } }]);
  for (const figure of Object.values(rows[0]?.figures ?? {})) expect(figure).toBeGreaterThanOrEqual(0);
  expect(targets).toHaveLength(8);
  for (const target of targets) expect(target).toMatchObject({ store: "thermocline", met: expect.any(Boolean) });
  expect(await readdir(folder)).toEqual([]);
});

it("records have 200 characters of text, four fields, and one of a hundred groups each", () => {
  const records = [...recordChunks(2_000, 300)].flat();
  expect(records).toHaveLength(2_000);
  for (const { text, metadata } of records) expect([text.length, Object.keys(metadata).length]).toEqual([200, 4]);
  const sizes = Array.from(
    { length: 100 },
    (_, group) => records.filter(({ metadata }) => metadata.group === group).length,
  );
  expect(Math.min(...sizes)).toBeGreaterThan(5);
  expect(Math.max(...sizes)).toBeLessThan(40);
  const [query = new Float32Array()] = queryVectors(1);
  const score = ({ vector }: { vector: Float32Array }) => vector.reduce((sum, x, j) => sum + x * (query[j] ?? 0), 0);
  const best = [...records].sort((a, b) => score(b) - score(a)).slice(0, 3);
  expect([...(exactAnswers(2_000, [query], 3)[0] ?? [])].map((row) => `record-${row}`).sort()).toEqual(
    best.map(({ id }) => id).sort(),
  );
});

it("targets say whether they are met, and nothing of what was not measured", () => {
  const figures: StoreFigures = {
    ingestRowsPerSecond: 25_000,
    ingestDelayP99Ms: 4,
    finishSeconds: 1,
    indexSeconds: 2,
    openMs: 1_501,
    queryMs: 5,
    filteredMs: 3.1,
    upsertMs: null,
    serveDelayP99Ms: 11,
    overlap10: 0.95,
    ramBytes: 150e6 + 64e6,
    fileBytes: 1,
  };
  const met = (given: StoreFigures | undefined) => storeTargets("x", given, 1_000_000).map((target) => target.met);
  expect(met(figures)).toEqual([true, true, false, true, false, null, false, true]);
  expect(met(undefined)).toEqual(Array(8).fill(null));
});
