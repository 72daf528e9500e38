import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exclusively } from "../scripts/setup.mjs";
import { hasShell } from "../scripts/toolchain.mjs";
import { typed } from "./support/typed.js";

const folder = mkdtempSync(join(tmpdir(), "thermocline-completion-"));
afterAll(() => rmSync(folder, { recursive: true }));

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

/** What zsh offers, asked as a terminal asks it: all that completion adds is noted. */
function zsh(line: string): string[] {
  const offered = join(folder, "offered");
  const noted = `compadd() {
    if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
    local -a offered; builtin compadd -O offered "$@"; print -rl -- $offered >>$OFFERED; builtin compadd "$@"
  }`;
  const prepared = `RPROMPT=; unsetopt beep; autoload -U compinit && compinit -D; source $SCRIPT; ${noted}; : >$OFFERED`;
  // Each marker is typed in two parts, so that the terminal's echo of it is not taken for it. The first is the prompt:
  // before zsh shows it, the terminal itself would take a typed control-U for "forget the line".
  const script = `zmodload zsh/zpty
    zpty -b terminal zsh -f -i
    zpty -w terminal "$PREPARED; PROMPT=rea''dy"
    zpty -r -m terminal junk '*ready*'
    zpty -w -n terminal "$LINE"$'\\t'
    zpty -w -n terminal $'\\C-u'"print do''ne"$'\\n'
    zpty -r -m terminal junk '*done*'
    zpty -d terminal`;
  const env = { ...process.env, OFFERED: offered, SCRIPT: scripts.get("zsh"), PREPARED: prepared, LINE: line };
  execFileSync("zsh", ["-f", "-c", script], { cwd: folder, env, timeout: 20_000 });
  return readFileSync(offered, "utf8")
    .split("\n")
    .filter((answer) => answer !== "");
}

/** What fish offers, without what it says of it. */
function fish(line: string): string[] {
  const script = `source '${scripts.get("fish")}'; complete -C '${line}'`;
  return execFileSync("fish", ["--no-config", "-c", script], { cwd: folder, encoding: "utf8" })
    .split("\n")
    .map((answer) => answer.split("\t")[0] ?? "")
    .filter((answer) => answer !== "");
}

const shells = [
  { shell: "zsh", offers: zsh, quoted: "memory\\ copy.db" },
  { shell: "fish", offers: fish, quoted: "memory copy.db" },
];

describe.each(shells)("completion in $shell", ({ shell, offers, quoted }) => {
  let there = false;
  beforeAll(async () => {
    there = await exclusively(() => hasShell(shell));
  }, 300_000);
  beforeEach(({ skip }) => skip(!there, `${shell} is not installed, and could not be`));

  it("knows every command that the help shows", () => {
    expect(offers("thermocline ").sort()).toEqual([...commands(), "help"].sort());
    expect(offers("thermocline im")).toEqual(["import"]);
    expect(offers("thermocline re").sort()).toEqual(["recalibrate", "recommend"]);
    expect(offers("thermocline --h")).toEqual(["--help"]);
    expect(offers("thermocline nonsense --")).toEqual([]);
  });

  it("knows the options of every command", { timeout: 120_000 }, async () => {
    for (const command of commands()) {
      const shown = (await typed(command, "--help")).out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm);
      expect(offers(`thermocline ${command} --`).sort()).toEqual(Array.from(shown, ([, long]) => long).sort());
    }
  });

  it("knows files, choices, and that a file may be called like a command", () => {
    expect(offers("thermocline info mem").sort()).toEqual([quoted, "memory.db"].sort());
    expect(offers("thermocline completion ").sort()).toEqual(["bash", "fish", "zsh"]);
    expect(offers("thermocline bench memory.db --metric ").sort()).toEqual(["cosine", "dot", "euclidean"]);
    expect(offers("thermocline bench memory.db --queries no")).toEqual(["notes.txt"]);
    expect(offers("thermocline search memory.db -k ")).toEqual([]);
    expect(offers("thermocline info import --").sort()).toEqual(["--help", "--json"]);
  });
});

describe("completion in any shell", () => {
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
