import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describeMachine } from "../../../examples/beir-scifact/src/machine.js";
import { importsOf } from "../../../scripts/check-rules.mjs";
import { root } from "../../../scripts/files.mjs";
import { ask } from "../../../scripts/run.mjs";
import { parseOptions, positive } from "../options.js";

/** What importing an entry of an adapter may take beyond what its framework takes. */
const TARGET_MS = 60;

/** What `--help` prints of this suite. */
export const HELP = `import: how long importing each adapter takes beyond what it imports of its framework
  --json             print one JSON object and nothing else
  --processes N      fresh processes an entry (default 15), of which the median counts
`;

interface ImportRow {
  readonly entry: string;
  /** What the framework's modules that the entry imports take. */
  readonly framework: number;
  readonly beyond: number;
}

/** Runs the suite and returns the exit code: 1 where an entry takes longer than it may. */
export async function importing(args: readonly string[]): Promise<number> {
  const values = parseOptions(args, {
    json: { type: "boolean", default: false },
    processes: { type: "string", default: "15" },
    help: { type: "boolean", default: false },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const processes = positive("--processes", values.processes);
  const rows = readdirSync(`${root}packages`).flatMap((name) => entries(`${root}packages/${name}`, processes));
  const kept = rows.every(({ beyond }) => beyond < TARGET_MS);
  if (values.json)
    console.log(JSON.stringify({ machine: await describeMachine(null), target: TARGET_MS, processes, rows }));
  else {
    for (const { entry, framework, beyond } of rows) {
      console.log(
        `${entry}: ${beyond.toFixed(1)} ms beyond the ${framework.toFixed(1)} ms of what it imports of others`,
      );
    }
    console.log(`Promised: less than ${TARGET_MS} ms beyond. ${kept ? "Kept" : "Not kept"}.`);
  }
  return kept ? 0 : 1;
}

/** The entries of a package for Node that import a framework, each measured. */
function entries(folder: string, processes: number): ImportRow[] {
  const { name, exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.entries(exports as Readonly<Record<string, { readonly import?: { readonly default: string } }>>)
    .flatMap(([path, target]) =>
      target.import ? [{ entry: name + path.slice(1), file: join(folder, target.import.default) }] : [],
    )
    .map(({ entry, file }) => ({ entry, file, foreign: [...foreignImports(file)] }))
    .filter(({ foreign }) => foreign.length > 0)
    .map(({ entry, file, foreign }) => {
      const times = Array.from({ length: processes }, () => timed(folder, foreign, file));
      return { entry, framework: median(times.map(([time]) => time)), beyond: median(times.map(([, time]) => time)) };
    });
}

/** What a built file and those beside it import of others as it is loaded; what is ours is part of what is measured. */
function foreignImports(file: string, seen = new Set<string>()): Set<string> {
  const found = new Set<string>();
  if (seen.has(file)) return found;
  seen.add(file);
  const loaded = readFileSync(file, "utf8").replace(/\bimport\s*\(/g, "later(");
  for (const name of importsOf(loaded)) {
    if (name.startsWith(".")) for (const one of foreignImports(join(dirname(file), name), seen)) found.add(one);
    else if (!/^(node:|#|@thermocline\/)/.test(name)) found.add(name);
  }
  return found;
}

/** Imports what is of others and then the file in a process of its own; milliseconds of both. */
function timed(cwd: string, foreign: readonly string[], file: string): [number, number] {
  const program = `
    const start = performance.now();
    for (const name of ${JSON.stringify(foreign)}) await import(name);
    const between = performance.now();
    await import(${JSON.stringify(file)});
    console.log(JSON.stringify([between - start, performance.now() - between]));`;
  const said = ask(process.execPath, ["--input-type=module", "--eval", program], { cwd });
  if (said === undefined) throw new Error(`${file} could not be imported; is it built (npm run setup)?`);
  return JSON.parse(said);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
