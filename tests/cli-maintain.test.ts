import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliJson as json } from "./support/cli.js";

const folder = mkdtempSync(join(tmpdir(), "thermocline-cli-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const ROWS = 1500;

beforeAll(async () => {
  const store = await Thermocline.open({ path: at("memory.db"), dim: 32, cold: { bytes: 8 } });
  await store.upsert(
    Array.from({ length: ROWS }, (_, i) => ({
      id: `row-${i}`,
      vector: Array.from({ length: 32 }, (_, j) => Math.sin(i * 1.3 + j * (1 + (i % 7)))),
      text: `text ${i}`,
      metadata: { year: 2000 + (i % 20) },
    })),
  );
  await store.close();
});

describe("the command line, of a store that is there", () => {
  it("exports records that import to the same store", async () => {
    expect(await json("export", at("memory.db"), at("all.jsonl"))).toMatchObject({ code: 0, value: { records: ROWS } });
    expect(await json("import", at("again.db"), at("all.jsonl"))).toMatchObject({ code: 0, value: { imported: ROWS } });
    const [from, to] = await Promise.all(
      ["memory.db", "again.db"].map(async (name) => {
        const store = await Thermocline.open({ path: at(name), readOnly: true });
        const [record] = await store.get(["row-7"], { includeVectors: true });
        await store.close();
        return record;
      }),
    );
    expect(to).toEqual(from);
    expect(await json("export", at("memory.db"), at("some.jsonl"), "--filter", '{"year":2015}')).toMatchObject({
      value: { records: ROWS / 20 },
    });
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("moves records down and up, fits anew, compacts and copies, and every file is whole", async () => {
    expect(await json("demote", at("memory.db"), "--all")).toMatchObject({ code: 0, value: { moved: ROWS } });
    expect(await json("info", at("memory.db"))).toMatchObject({ value: { hot: { rows: 0 }, cold: { rows: ROWS } } });
    expect(await json("recalibrate", at("memory.db"))).toMatchObject({ code: 0, value: { codebook: { id: 2 } } });
    expect(await json("promote", at("memory.db"), "--ids", "row-1", "row-2")).toMatchObject({ value: { moved: 2 } });
    expect((await json("compact", at("memory.db"))).code).toBe(0);
    expect((await json("backup", at("memory.db"), at("copy.db"))).code).toBe(0);
    for (const name of ["memory.db", "copy.db"]) {
      expect(await json("verify", at(name))).toMatchObject({ code: 0, value: { ok: true, records: ROWS } });
    }
    expect(await json("info", at("copy.db"))).toMatchObject({ value: { hot: { rows: 2 }, cold: { rows: ROWS - 2 } } });
  });

  it("moves nothing unless told what", async () => {
    expect(await json("demote", at("memory.db"))).toMatchObject({ code: 2, value: { error: { code: "ARGUMENT" } } });
    expect(await json("demote", at("memory.db"), "--all", "--ids", "a")).toMatchObject({ code: 2 });
  });

  it("reports a source that cannot be read as a failure, and a bad line by its number", async () => {
    expect((await json("import", at("new.db"), at("none.jsonl"))).code).toBe(1);
    writeFileSync(at("bad.jsonl"), '{"id":"a","vector":[1,2]}\nnonsense\n');
    expect(await json("import", at("bad.db"), at("bad.jsonl"))).toMatchObject({
      code: 2,
      value: { error: { message: expect.stringContaining("line 2, is no JSON") } },
    });
  });
});
