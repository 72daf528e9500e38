// The dependency rule as a command: adapters -> core -> the waist in core's kernel folder <- native.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { files, root } from "./files.mjs";
import { installScripts } from "./package-contents.mjs";

/** No file that `from` matches imports what `never` matches: a package by name, one of our files by its path. */
const rules = [
  {
    from: /^packages\/core\/src\//,
    never:
      /^(?!packages\/core\/src\/|#|node:|@photostructure\/sqlite$|@sqlite\.org\/sqlite-wasm$|@thermocline\/(native|wasm)$)/,
    why: "core depends on Node, SQLite and the kernel's two builds only",
  },
  {
    from: /^packages\/core\/src\/(catalogue|filter)\//,
    never: /^packages\/core\/src\/(kernel|store)[/.]/,
    why: "catalogue and filter know nothing of codes or of the store",
  },
  {
    from: /^packages\/core\/src\/kernel\//,
    never: /^packages\/core\/src\/(catalogue|store)[/.]/,
    why: "the kernel's waist knows nothing of SQL or of the store",
  },
  {
    from: /^packages\/core\/src\/calibration\//,
    never: /^packages\/core\/src\/(store[/.]|catalogue\/(?!pace|live))/,
    why: "calibration knows nothing of SQL or of the store",
  },
  {
    from: /^packages\/core\/src\/(?!catalogue\/)/,
    never: /^@(photostructure|sqlite\.org)\//,
    why: "only catalogue knows SQLite",
  },
  {
    from: /^packages\/core\/src\/(?!(catalogue\/node-(driver|log|reader)|spectral\/files|node-module|kernel\/wasm-calls)\.ts$)/,
    never: /^node:/,
    why: "what runs in a page too imports nothing of Node: it comes by package.json's imports, or nodeModule",
  },
  {
    from: /^packages\/core\/src\/(?!index\.ts$|catalogue\/)/,
    never: /^packages\/core\/src\/(catalogue\/node-(driver|log|reader)|spectral\/files|kernel\/native)\.js$/,
    why: "Node's part of core is reached by index.ts and package.json's imports only",
  },
  { from: /^packages\/core\/src\/(?!kernel\/)/, never: /^@thermocline\/(native|wasm)$/, why: "only kernel loads them" },
  {
    from: /^packages\/langchain\/src\//,
    never:
      /^(?!packages\/langchain\/src\/|node:|@thermocline\/core$|@langchain\/core(\/|$)|@langchain\/langgraph-checkpoint$)/,
    why: "an adapter knows core's public entry and its framework",
  },
  {
    from: /^packages\/mastra\/src\//,
    never: /^(?!packages\/mastra\/src\/|node:|@thermocline\/core$|@mastra\/core(\/|$))/,
    why: "an adapter knows core's public entry and its framework",
  },
  {
    from: /^packages\/langchain\/src\/(?!langgraph\/)/,
    never: /^(@langchain\/langgraph-checkpoint$|packages\/langchain\/src\/langgraph\/)/,
    why: "LangGraph is an optional peer: only the entry for it may need it",
  },
  {
    from: /^packages\/llamaindex\/src\//,
    never: /^(?!packages\/llamaindex\/src\/|@thermocline\/core$|@llamaindex\/core\/|@vectorstores\/core$)/,
    why: "an adapter knows core's public entry and its frameworks",
  },
  {
    from: /^packages\/llamaindex\/src\/(?!(index|llamaindex-vector-store)\.ts$)/,
    never: /^(@llamaindex\/|packages\/llamaindex\/src\/llamaindex-vector-store\.js$)/,
    why: "only one of two entries knows @llamaindex/core, which need not be installed",
  },
  {
    from: /^packages\/llamaindex\/src\/(?!vectorstores(-vector-store)?\.ts$)/,
    never: /^(@vectorstores\/|packages\/llamaindex\/src\/vectorstores-vector-store\.js$)/,
    why: "only one of two entries knows @vectorstores/core, which need not be installed",
  },
  {
    from: /^packages\/cli\/src\//,
    never:
      /^(?!packages\/cli\/(src\/|package\.json$)|node:|@thermocline\/(core|inspector)$|@modelcontextprotocol\/server(\/stdio)?$|(commander|csv-parse|d3-(scale|shape)|mdast-util-(from-markdown|to-string)|zod)$)/,
    why: "the command line knows core's public entry, the inspector and its own libraries",
  },
  {
    from: /^packages\/inspector\/src\/(?!page\/)/,
    never: /^(?!packages\/inspector\/src\/(?!page\/)|node:|@thermocline\/core$)/,
    why: "what of the inspector runs in Node knows core's public entry, and nothing of the page",
  },
  {
    from: /^packages\/inspector\/src\/(?!server\/)/,
    never: /^node:/,
    why: "only the inspector's server is for Node alone",
  },
  {
    from: /^packages\/inspector\/src\/page\//,
    never:
      /^(?!packages\/inspector\/src\/(?!server\/|index)|@thermocline\/(core(\/browser)?|wasm\/\w+\.wasm\?url)$|@sqlite\.org\/sqlite-wasm\/sqlite3\.wasm\?url$|preact(\/|$)|uplot(\/|$))/,
    why: "the page knows core's public entries and its own libraries, and nothing of the server",
  },
  {
    from: /^packages\/cli\/src\/(?!commands\/mcp\/)/,
    never: /^(@modelcontextprotocol\/|zod$)/,
    why: "only the command mcp speaks its protocol",
  },
];

/**
 * What is wrong with what a package is installed with: frameworks are peers, so that there is one copy of each, and nothing runs on
 * the machine of whoever installs. A program, which has a `bin`, brings its libraries.
 * @param {import("./package-contents.mjs").Manifest} manifest
 * @returns {string[]}
 */
export function dependencyViolations({ bin, dependencies = {}, optionalDependencies = {}, scripts = {} }) {
  const all = Object.keys({ ...dependencies, ...optionalDependencies });
  const foreign = (bin ? [] : all).filter((name) => !/^(@thermocline\/|@photostructure\/sqlite$)/.test(name));
  return [
    ...foreign.map((name) => `depends on ${name}: what is not ours or SQLite is a peer`),
    ...installScripts
      .filter((name) => scripts[name])
      .map((name) => `has the script ${name}, which would run where it is installed`),
  ];
}

/** @param {string} source */
export function importsOf(source) {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(/\b(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1] ?? "");
}

/**
 * Why `file` may not import `specifier`, or undefined when it may.
 * @param {string} file
 * @param {string} specifier
 */
export function importViolation(file, specifier) {
  const target = specifier.startsWith(".") ? join(dirname(file), specifier) : specifier;
  return rules.find(({ from, never }) => from.test(file) && never.test(target))?.why;
}

/**
 * Whether Rust code says `unsafe` outside comments and strings.
 * @param {string} source
 */
export function saysUnsafe(source) {
  return /\bunsafe\b/.test(source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'"'|"(?:\\.|[^"\\])*"/gm, ""));
}

/** @returns {string[]} one line for each violation in the repository */
export function violations() {
  const found = [];
  const read = (/** @type {string} */ file) => readFileSync(root + file, "utf8");
  const usesNode = [];
  for (const file of files("packages/").filter((name) => /\/src\/.*(?<!\.test)\.tsx?$/.test(name))) {
    for (const specifier of importsOf(read(file))) {
      const why = importViolation(file, specifier);
      if (why) found.push(`${file} imports ${specifier}: ${why}`);
      if (specifier.startsWith("node:") && !/^packages\/(core|cli|inspector)\//.test(file)) usesNode.push(file);
    }
  }
  for (const file of new Set(usesNode)) {
    const others = new Set(usesNode.filter((other) => other !== file && other.split("/")[1] === file.split("/")[1]));
    if (others.size > 0) found.push(`${file} imports Node's modules, and so does another file: one of an adapter may`);
  }
  for (const file of files().filter((name) => /^(packages|native)\/[\w-]+\/package\.json$/.test(name))) {
    found.push(...dependencyViolations(JSON.parse(read(file))).map((violation) => `${file} ${violation}`));
  }
  for (const file of files("native/").filter((name) =>
    /^(?!native\/(kernel\/src\/arch|node\/src)\/).*\.rs$/.test(name),
  )) {
    if (saysUnsafe(read(file))) found.push(`${file} says unsafe: only native/kernel/src/arch may`);
  }
  if (/^\s*napi/m.test(read("native/kernel/Cargo.toml")))
    found.push("native/kernel/Cargo.toml: the kernel knows no JavaScript");
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = violations();
  console.log(found.length === 0 ? "The dependency rule is kept." : found.join("\n"));
  process.exitCode = found.length === 0 ? 0 : 1;
}
