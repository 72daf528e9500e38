import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExample } from "./support/example.js";

let folder: string;
let store: string[];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "thermocline-example-"));
  store = ["--store", path.join(folder, "memory.db")];
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the example langgraph-memory", { timeout: 120_000 }, () => {
  it("recalls in another process what it was told, and tells nobody else", async () => {
    const told = "Remember that my dog is called Biscuit.\nI grow tomatoes on the roof.\n";
    const first = await runExample("langgraph-memory", [...store, "--user", "ada"], { input: told });
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toBe(
      "I will remember: my dog is called Biscuit.\nI will remember: I grow tomatoes on the roof.\n",
    );

    const question = "What is my dog called?";
    const second = await runExample("langgraph-memory", [...store, "--user", "ada", question]);
    expect(second.stdout).toBe("You told me: my dog is called Biscuit.\n");
    const other = await runExample("langgraph-memory", [...store, "--user", "bob", question]);
    expect(other.stdout).toBe("You have not told me that.\n");
  });
});
