import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Thermocline } from "@thermocline/core";
import { afterAll, describe, expect, it, vi } from "vitest";
import { talk } from "./support/mcp-lines.js";

// Each test starts processes.
vi.setConfig({ testTimeout: 60_000 });

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "thermocline-mcp-end-"));
let files = 0;
const newFile = () => join(folder, `memory-${files++}.db`);
afterAll(() => rmSync(folder, { recursive: true }));

const HELLO = {
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "pipe", version: "1" } },
};
const remember = (id: number) => ({
  id,
  method: "tools/call",
  params: { name: "remember", arguments: { id: `m${id}`, text: `Piped ${id}.` } },
});

describe("the memory server's end", () => {
  it("comes with the end of stdin, after every answer", async () => {
    const file = newFile();
    const { code, answers } = await talk([file], [HELLO, ...[1, 2, 3].map(remember)], "end of input");
    expect(answers.map(({ id }) => id).sort()).toEqual([0, 1, 2, 3]);
    expect(code).toBe(0);
    await using store = await Thermocline.open({ path: file, readOnly: true });
    expect(await store.count()).toBe(3);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("comes with %s, and leaves a whole file", async (signal) => {
    const file = newFile();
    const { code } = await talk([file], [HELLO, remember(1)], signal);
    expect(code).toBe(0);
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true });
    // The log was merged and taken away.
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  it("comes at once for a file that is no store, in a sentence on stderr", async () => {
    const { code, answers, err } = await talk([join(root, "package.json")], [], "end of input");
    expect(code).toBe(4);
    expect(answers).toEqual([]);
    expect(err).toMatch(/^thermocline: .*package\.json.*\n$/);
  });
});
