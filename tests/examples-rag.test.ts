import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Circumstances, runExample } from "./support/example.js";

const FILES = {
  "tomatoes.md":
    "# Tomatoes\n\nTomatoes come from South America.\n\n## Watering\n\nWater the roots in the morning, never the leaves.\n",
  "bees.md": "# Bees\n\nA bee visits some two thousand flowers a day. Jars of honey are sold for `$`.\n",
};
const WATERING = "How should I water tomatoes?";

describe.each(["langchain-rag", "llamaindex-rag"])("the example %s", { timeout: 120_000 }, (name) => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "thermocline-example-"));
    for (const [file, text] of Object.entries(FILES)) await writeFile(path.join(folder, file), text);
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const run = (args: string[], circumstances?: Circumstances) =>
    runExample(name, ["--docs", folder, "--store", path.join(folder, "store.db"), ...args], circumstances);

  it("quotes, cites files and headings, and embeds only what has changed since the last run", async () => {
    const first = await run([WATERING]);
    expect(first.code).toBe(0);
    expect(first.stderr).toMatch(/^3 passages .* 3 embedded, 0 deleted$/m);
    const [, number] = /“Water the roots in the morning, never the leaves\.” \[(\d)\]/.exec(first.stdout) ?? [];
    expect(number).toBeDefined();
    expect(first.stdout).toContain(`[${number}] tomatoes.md › Tomatoes › Watering\n`);
    expect(first.stdout).not.toContain("bees.md");

    const second = await run([WATERING]);
    expect(second.stderr).toMatch(/^3 passages .* 0 embedded, 0 deleted$/m);
    expect(second.stdout).toBe(first.stdout);

    await writeFile(path.join(folder, "tomatoes.md"), FILES["tomatoes.md"].replace("morning", "evening"));
    await writeFile(path.join(folder, "bees.md"), FILES["bees.md"].replace("# Bees", "# Honey"));
    const chat = await run([], { input: `${WATERING}\n\nWhat are jars of honey sold for?\n` });
    expect(chat.code).toBe(0);
    expect(chat.stderr).toMatch(/^3 passages .* 2 embedded, 1 deleted$/m);
    expect(chat.stdout).toMatch(/in the evening[\s\S]*Watering\n[\s\S]*“Jars of honey are sold for `\$`\.”/);
    expect(chat.stdout).toMatch(/\[\d\] bees\.md › Honey\n$/);
  });

  it("answers about this repository's own docs by default", async () => {
    const { stdout } = await runExample(name, [
      "--store",
      path.join(folder, "docs.db"),
      "What is in the table live_rows?",
    ]);
    expect(stdout).toMatch(/“`live_rows` .*” \[\d\][\s\S]*format\.md › Format › Tables/);
  });

  it.each([
    [{ MODEL: "openai" }, /MODEL=openai needs OPENAI_API_KEY/],
    [{ MODEL: "ollama" }, /needs the package @\w+\/ollama\..*\n.* add @\w+\/ollama@[\d.]+$/m],
  ])("says what is missing for %o", async (env, message) => {
    const { code, stderr } = await run([WATERING], { env });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("    at ");
    expect(code).toBe(1);
  });
});
