import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
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

  it.each([...new Set(ours.map(({ page }) => page))])(
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
        process.chdir(folder);
        // What pages take for granted. Where one begins with the same import, it passes over what is there.
        await run(["import", "memory.db", "corpus.jsonl", "--vectors", "documents.npy"]);
        const codes = [];
        for (const { line, words } of ours.filter((command) => command.page === page)) {
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

  it("that no program has are found out", async () => {
    const at = { page: "page.md", line: 1 };
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
