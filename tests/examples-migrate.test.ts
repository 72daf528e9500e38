import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExample } from "./support/example.js";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "thermocline-example-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the example migrate", { timeout: 120_000 }, () => {
  it("gives the same answers after the move, however often it runs", async () => {
    const run = () => runExample("migrate", ["--store", path.join(folder, "animals.db")]);
    const { code, stdout } = await run();
    expect(code).toBe(0);
    const [before, after, filtered, reopened] = stdout.split(/^\S.*\n/m).slice(1);
    expect(before).toMatch(/whale/);
    expect(before).toMatch(/crab/);
    expect(after).toBe(before);
    expect(filtered).toMatch(/crab[\s\S]*camel/);
    expect(reopened).toMatch(/whale/);
    expect(reopened).not.toMatch(/crab/);
    expect((await run()).stdout).toBe(stdout);
  });

  it("moves by the lines that its README shows", async () => {
    const read = (file: string) => readFile(new URL(`../examples/migrate/${file}`, import.meta.url), "utf8");
    const [page, program] = await Promise.all([read("README.md"), read("src/main.ts")]);
    const lines = /```ts\n([\s\S]*?)```/.exec(page)?.[1]?.trim().split("\n").filter(Boolean) ?? [];
    expect(lines).toHaveLength(5);
    for (const call of lines.map((line) => /(?<=await )[\w.]+(?=\()|import.*/.exec(line)?.[0] ?? line)) {
      expect(program).toContain(call);
    }
  });
});
