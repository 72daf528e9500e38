import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { EXIT } from "../packages/cli/src/failure.js";
import { ELSEWHERE } from "./support/cli-examples.js";
import { cliFiles } from "./support/cli-files.js";
import { typed } from "./support/typed.js";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "thermocline-help-"));
const before = process.cwd();
afterEach(() => process.chdir(before));
afterAll(() => rmSync(folder, { recursive: true }));

const main = (await typed("--help")).out;
const names = [...main.slice(main.indexOf("Commands:")).matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = ""]) => name);
const helps = new Map<string, string>();
for (const name of names) if (name !== "help") helps.set(name, (await typed(name, "--help")).out);

/** The arguments of each example, as bash takes them apart. */
function examplesOf(help: string): string[][] {
  return [...help.matchAll(/^ *\$ thermocline (.*)$/gm)].map(([, line]) =>
    execFileSync("bash", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
      .split("\0")
      .slice(0, -1),
  );
}

beforeAll(() => cliFiles(join(folder, "home")));

it("says which version it is", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../packages/cli/package.json", import.meta.url), "utf8"));
  expect((await typed("--version")).out).toBe(`${version}\n`);
});

describe("the help", () => {
  it("says what every exit code means", () => {
    for (const code of Object.values(EXIT)) expect(main).toMatch(new RegExp(`\\b${code} +[a-z]`));
  });

  it.each([...helps.keys()])("of %s has an example, and says what each option is for", (name) => {
    const help = helps.get(name) ?? "";
    expect(examplesOf(help).filter(([command]) => command === name)).not.toEqual([]);
    const options = help
      .slice(help.indexOf("Options:"), help.indexOf("Example"))
      .split("\n")
      .filter((line) => /^ {2}-/.test(line));
    for (const line of options) expect(line).toMatch(/^ {2}-.*? {2,}\S/);
  });
});

const examples = [...helps.values()].flatMap(examplesOf).map((args) => ({ args, line: args.join(" ") }));

describe("an example of the help", () => {
  it.each(examples.filter(({ line }) => !ELSEWHERE.test(line)))(
    "does what it says: thermocline $line",
    async ({ args }) => {
      const own = mkdtempSync(join(folder, "example-"));
      cpSync(join(folder, "home"), own, { recursive: true });
      process.chdir(own);
      // What import makes, it makes anew.
      if (args[0] === "import") rmSync(join(own, "memory.db"));
      const { code, out, err } = await typed(...args);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).not.toBe("");
      expect(existsSync(join(own, "memory.db"))).toBe(true);
    },
  );
});
