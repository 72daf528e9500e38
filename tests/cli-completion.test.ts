import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { typed } from "./support/typed.js";

const folder = mkdtempSync(join(tmpdir(), "thermocline-completion-"));
afterAll(() => rmSync(folder, { recursive: true }));

const has = (shell: string) => spawnSync(shell, ["--version"]).status === 0;

const scripts = new Map<string, string>();
let help: string;
beforeAll(async () => {
  help = (await typed("--help")).out;
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out } = await typed("completion", shell);
    expect(code).toBe(0);
    const path = join(folder, `completion.${shell}`);
    writeFileSync(path, out);
    scripts.set(shell, path);
  }
  for (const name of ["memory.db", "memory copy.db", "notes.txt"]) writeFileSync(join(folder, name), "");
  mkdirSync(join(folder, "more"));
});

/** The commands that \`--help\` shows. */
function commands(): string[] {
  const listed = help.slice(help.indexOf("Commands:")).split("\n");
  return listed.flatMap((line) => line.match(/^ {2}([a-z]+)\b/)?.[1] ?? []).filter((name) => name !== "help");
}

/** What bash offers when the tab key is pressed behind the last word. */
function bash(...words: string[]): string[] {
  const typed = ["thermocline", ...words].map((word) => `'${word}'`).join(" ");
  const script = `source '${scripts.get("bash")}'; COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _thermocline; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync("bash", ["--noprofile", "--norc", "-c", script], { cwd: folder, encoding: "utf8" });
  return out.split("\n").filter((line) => line !== "");
}

describe("completion in bash", () => {
  it("knows every command that the help shows", () => {
    const known = commands();
    expect(known).toContain("search");
    expect(bash("")).toEqual([...known, "help", "--help"].filter((name, i, all) => all.indexOf(name) === i));
    expect(bash("re")).toEqual(known.filter((name) => name.startsWith("re")));
    expect(bash("nonsense", "")).toEqual([]);
  });

  it("knows the options of every command", async () => {
    for (const command of commands()) {
      const shown = [...(await typed(command, "--help")).out.matchAll(/^ {2}(-\w)?(?:, )?(--[\w-]+)?/gm)].flatMap(
        ([, short, long]) => [short, long].filter((flag) => flag !== undefined),
      );
      expect(bash(command, "-").sort()).toEqual(shown.sort());
    }
  });

  it("knows files, choices, and that a number is neither", () => {
    expect(bash("info", "").sort()).toEqual(
      [...scripts.keys()]
        .map((shell) => `completion.${shell}`)
        .concat("memory copy.db", "memory.db", "more", "notes.txt")
        .sort(),
    );
    expect(bash("info", "mem").sort()).toEqual(["memory copy.db", "memory.db"]);
    expect(bash("info", "memory.db", "")).toEqual([]);
    expect(bash("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(bash("bench", "memory.db", "--metric", "")).toEqual(["cosine", "dot", "euclidean"]);
    expect(bash("bench", "memory.db", "--metric", "=", "d")).toEqual(["dot"]);
    expect(bash("bench", "memory.db", "--queries", "no")).toEqual(["notes.txt"]);
    expect(bash("search", "memory.db", "-k", "")).toEqual([]);
    // The value of an option is no argument.
    expect(bash("backup", "memory.db", "no")).toEqual(["notes.txt"]);
    expect(bash("bench", "--metric", "dot", "no")).toEqual(["notes.txt"]);
    expect(bash("bench", "--metric", "=", "dot", "no")).toEqual(["notes.txt"]);
    expect(bash("bench", "--json", "notes.txt", "no")).toEqual([]);
  });

  it("is registered by sourcing the script", () => {
    const out = execFileSync("bash", ["--norc", "-c", `source '${scripts.get("bash")}'; complete -p thermocline`], {
      encoding: "utf8",
    });
    expect(out.trim()).toBe("complete -F _thermocline thermocline");
  });
});

describe("completion in other shells", () => {
  it.runIf(has("zsh"))("is a script that zsh takes, and defines what completes", () => {
    const script = `autoload -U compinit; compinit -D -d '${folder}/dump'; source '${scripts.get("zsh")}'; print $_comps[thermocline]`;
    expect(execFileSync("zsh", ["-f", "-c", script], { encoding: "utf8" }).trim()).toBe("_thermocline");
  });

  it.runIf(has("fish"))("answers in fish", () => {
    const ask = (line: string) =>
      execFileSync("fish", ["--no-config", "-c", `source '${scripts.get("fish")}'; complete -C '${line}'`], {
        cwd: folder,
        encoding: "utf8",
      })
        .split("\n")
        .map((answer) => answer.split("\t")[0] ?? "");
    expect(ask("thermocline ")).toEqual(expect.arrayContaining(commands()));
    expect(ask("thermocline completion ")).toEqual(expect.arrayContaining(["bash", "zsh", "fish"]));
    expect(ask("thermocline bench memory.db --metric ")).toEqual(
      expect.arrayContaining(["cosine", "dot", "euclidean"]),
    );
    expect(ask("thermocline info mem")).toEqual(expect.arrayContaining(["memory.db"]));
  });

  it("names every command, and quotes what is said of it", () => {
    for (const shell of ["zsh", "fish"]) {
      const script = readFileSync(scripts.get(shell) ?? "", "utf8");
      for (const command of commands()) expect(script).toMatch(new RegExp(`\\b${command}\\b`));
      // Quotes that end on the line that they begin on, as both shells read them.
      for (const line of script.split("\n"))
        expect(line.replace(/^#.*/, "").replaceAll("'\\''", "").split("'").length % 2).toBe(1);
    }
  });

  it("is refused of a shell that is not known", async () => {
    const { code, err } = await typed("completion", "tcsh");
    expect(code).toBe(2);
    expect(err).toMatch(/bash, zsh, fish/);
  });
});
