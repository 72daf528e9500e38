import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from "node:fs";
import { Thermocline, ThermoclineError } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { bench } from "./support/stores.js";
import { lcg, records } from "./support/synthetic.js";

const DIM = 64;
const ROWS = 1_200;

/** More of them: THERMOCLINE_BIT_FLIPS=2000 npm test -- corruption-large */
const flips = process.env.THERMOCLINE_BIT_FLIPS ?? "25";
const TRIES = flips === "all" ? 20_000 : Number(flips);

// Larger than what is examined when it is opened.
describe("a file above 8 MiB with one bit wrong", () => {
  const { open, path } = bench("on file");

  /** Everything that is in it, read by every way that reads it, or the code of what was found. */
  async function everything(file: string): Promise<unknown> {
    const store = await open({ path: file }).catch((error: unknown) => error);
    if (!(store instanceof Thermocline)) return codeOf(store);
    try {
      const listed = [];
      for await (const record of store.list({ includeVectors: true })) listed.push(record);
      const hits = [];
      for (const { vector } of records(3, DIM, 7)) hits.push(await store.query({ vector, k: ROWS, rerank: ROWS }));
      return { listed, hits };
    } catch (error) {
      return codeOf(error);
    } finally {
      await store.close();
    }
  }

  function codeOf(error: unknown): string {
    if (!(error instanceof ThermoclineError) || /please report/.test(error.message)) throw error;
    return error.code;
  }

  it("gives the same answers or an error when what is damaged is read, and verify names it", {
    timeout: 3_600_000,
  }, async () => {
    const file = path("large.db");
    const store = await open({ path: path("first.db"), dim: DIM, cold: { bytes: 16, effort: "fast" } });
    const next = lcg(5);
    const text = () => Array.from({ length: 750 }, () => Math.floor((next() + 1) * 1e9).toString(36)).join(" ");
    await store.upsert(records(ROWS, DIM).map((record) => ({ ...record, text: text() })));
    await store.demote({ filter: { even: true } });
    await store.backup(file);
    await store.close();
    expect(statSync(file).size).toBeGreaterThan(8 * 2 ** 20);
    const whole = await everything(file);
    expect(whole).toMatchObject({ listed: { length: ROWS }, hits: { length: 3 } });
    const bytes = readFileSync(file);
    const places = [...bytes.keys()].filter((at) => bytes[at] !== 0);
    const descriptor = openSync(file, "r+");
    const put = (at: number, value: number) => writeSync(descriptor, Uint8Array.of(value), 0, 1, at);
    let found = 0;
    for (let i = 0; i < TRIES; i++) {
      const at = places[Math.floor(((next() + 1) / 2) * places.length)] ?? 0;
      const damaged = (bytes[at] ?? 0) ^ (1 << (i & 7));
      put(at, damaged);
      const where = `byte ${at}, bit ${i & 7}`;
      const answer = await everything(file);
      const report = await Thermocline.verify(file).catch(codeOf);
      const now = new Uint8Array(1);
      readSync(descriptor, now, 0, 1, at);
      expect(now[0], `${where} was changed by reading`).toBe(damaged);
      if (typeof answer === "string") {
        found += 1;
        expect(answer, where).toMatch(/^(CORRUPT|FORMAT|VERSION)$/);
        if (typeof report === "object") expect(report.ok, where).toBe(false);
      } else expect(answer, where).toEqual(whole);
      put(at, bytes[at] ?? 0);
    }
    closeSync(descriptor);
    // Almost all of it is text under checksums.
    expect(found).toBeGreaterThan(TRIES / 2);
    expect(await everything(file)).toEqual(whole);
  });
});
