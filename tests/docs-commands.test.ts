import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it, vi } from "vitest";
import { run } from "../packages/cli/src/program.js";
import { files, root } from "../scripts/files.mjs";
import { codeBlocks, pages } from "./support/code-blocks.js";
import { type Command, commandsOf, wordsOf } from "./support/shell-blocks.js";

const manifests = files()
  .filter((file) => /^(?!bench\/peers)(.*\/)?package\.json$/.test(file))
  .map((file) => JSON.parse(readFileSync(root + file, "utf8")));
const scripts: Record<string, string> = manifests.find(({ name }) => name === "thermocline").scripts;
/** Our packages, and those that ours work with or are tested with. */
const packages = new Set(
  manifests.flatMap(({ name, dependencies, devDependencies, peerDependencies }) => [
    name,
    ...Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies }),
  ]),
);
const commands = pages.flatMap((page) => commandsOf(codeBlocks(page)));
const ours = commands.filter(({ words: [program] }) => program === "thermocline");
/** Those that end by themselves. */
const ending = ours.filter(({ marks }) => !marks.includes("help-only"));

/** Why a command that is not ours would not do what the page says, as far as can be told without doing it. */
function wrongWith({ words: [program = "", verb = "", ...rest] }: Command): string | undefined {
  if (program === "npm" && verb === "install") {
    const unknown = rest
      .filter((word) => !word.startsWith("-"))
      .filter((word) => !packages.has(word.replace(/(?!^)@.*/, "")));
    return unknown.length > 0 ? `no package of ours knows ${unknown.join(", ")}` : undefined;
  }
  const script = program === "npm" && verb === "run" ? rest.find((word) => !word.startsWith("-")) : verb;
  if (program === "npm" && script !== undefined && script in scripts) return undefined;
  return `nothing checks ${program} ${verb}`;
}

/** Why `thermocline` would refuse a command, as its own help says. */
async function helpRefuses([, command = "", ...rest]: readonly string[]): Promise<string | undefined> {
  let help = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    help += text;
    return true;
  });
  try {
    if ((await run([command, "--help"])) !== 0 || !help.includes(`thermocline ${command}`))
      return `no command ${command}`;
  } finally {
    write.mockRestore();
  }
  const unknown = rest.filter((word) => /^--?[a-z]/.test(word) && !new RegExp(`^\\s.*${word}\\b`, "m").test(help));
  return unknown.length > 0 ? `${command} has no ${unknown.join(", ")}` : undefined;
}

const DIM = 16;
const ROWS = 1_100;
const corpus = Array.from({ length: ROWS }, (_, i) =>
  JSON.stringify({ _id: String(i), text: i % 2 ? "ocean currents" : "desert sand", year: 2000 + (i % 20) }),
).join("\n");
const vectors = Float32Array.from({ length: ROWS * DIM }, (_, i) => Math.sin(i * 1.7 + Math.floor(i / DIM) ** 1.3));

/** Float32 rows as NumPy writes them. */
function npy(rows: number, dim: number, values: Float32Array): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`.padEnd(117);
  return Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}\n`, "latin1"), Buffer.from(values.buffer)]);
}

describe("commands of the documentation", () => {
  it("are of programs and scripts that exist, and install packages that are known", () => {
    const wrong = commands
      .filter((command) => !ours.includes(command))
      .flatMap((command) => {
        const why = wrongWith(command);
        return why === undefined ? [] : [`${command.page}:${command.line}: ${why}`];
      });
    expect(wrong).toEqual([]);
  });

  it.each([...new Set(ending.map(({ page }) => page))])(
    "%s: all of thermocline's succeed, one after the other",
    { timeout: 120_000 },
    async (page) => {
      const home = process.cwd();
      const folder = await mkdtemp(join(tmpdir(), "thermocline-docs-"));
      const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
      const writeError = vi.spyOn(process.stderr, "write").mockReturnValue(true);
      try {
        await writeFile(join(folder, "corpus.jsonl"), corpus);
        await writeFile(join(folder, "documents.npy"), npy(ROWS, DIM, vectors));
        await mkdir(join(folder, "notes"));
        await writeFile(join(folder, "notes", "sea.md"), "# The sea\n\nOcean currents carry heat.\n");
        process.chdir(folder);
        // What pages take for granted. Where one begins with the same import, it passes over what is there.
        await run(["import", "memory.db", "corpus.jsonl", "--vectors", "documents.npy"]);
        const codes = [];
        for (const { line, words } of ending.filter((command) => command.page === page)) {
          codes.push({ line, words, code: await run(words.slice(1)) });
        }
        expect(codes.filter(({ code }) => code !== 0)).toEqual([]);
      } finally {
        process.chdir(home);
        write.mockRestore();
        writeError.mockRestore();
        await rm(folder, { recursive: true, force: true });
      }
    },
  );

  it("have commands and options that thermocline's help knows", async () => {
    const wrong: string[] = [];
    for (const { page, line, words } of ours) {
      const why = await helpRefuses(words);
      if (why !== undefined) wrong.push(`${page}:${line}: ${why}`);
    }
    expect(wrong).toEqual([]);
  });

  it("that no program has are found out", async () => {
    const at = { page: "page.md", line: 1, marks: [] };
    expect(await helpRefuses(wordsOf("thermocline verfy memory.db"))).toMatch(/no command/);
    expect(await helpRefuses(wordsOf("thermocline search memory.db words --filters {}"))).toMatch(/--filters/);
    expect(await helpRefuses(wordsOf("thermocline search memory.db words -k 5 --filter {}"))).toBeUndefined();
    expect(wrongWith({ ...at, words: wordsOf("npm install @thermocline/cores # ours") })).toMatch(/cores/);
    expect(wrongWith({ ...at, words: wordsOf("npm run demos") })).toMatch(/nothing checks/);
    expect(() => wordsOf("npm test | tee out")).toThrow(/more shell/);
    expect(wordsOf(`search memory.db "ocean currents" --filter '{"a":1}'`)).toEqual([
      "search",
      "memory.db",
      "ocean currents",
      "--filter",
      '{"a":1}',
    ]);
  });
});
