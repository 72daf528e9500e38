import ts from "typescript";
import { root } from "../../scripts/files.mjs";
import type { PageProgram } from "./code-blocks.js";

// Pages are for users, whose compilers are strict as `tsc --init` has it, and who bundle for pages, too.
const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  allowJs: true,
  checkJs: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ["node"],
};

/** What loaders of bundlers and edge runtimes make of a module. */
const WASM = 'declare module "*.wasm" {\n  const module: WebAssembly.Module;\n  export default module;\n}\n';

/** Parameters of JavaScript have no types to be missed. */
const withoutTypes = new Set([7006, 7031]);

/** What is wrong with programs of pages, as `page:line: message`. One compiler program has them all, as if they stood in `tests`. */
export function typeErrors(programs: readonly PageProgram[]): string[] {
  const folder = `${root}tests/`;
  const named = new Map(programs.map((program, i) => [`${folder}page-${i}.m${program.language}`, program]));
  const texts = new Map([...named].map(([file, { code }]) => [file, code]));
  // A script, whose declarations hold for all.
  texts.set(`${folder}page-wasm.d.cts`, WASM);

  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const all = { ...options, paths: absolute(config.compilerOptions.paths) };
  const host = ts.createCompilerHost(all);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, target, ...rest) => {
    const text = texts.get(file);
    return text === undefined ? getSourceFile(file, target, ...rest) : ts.createSourceFile(file, text, target, true);
  };

  const program = ts.createProgram([...texts.keys()], all, host);
  return [...named].flatMap(([file, { page, line }]) => {
    const source = program.getSourceFile(file);
    if (!source) return [`${page}:${line}: not read`];
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      .filter(({ code }) => !file.endsWith(".mjs") || !withoutTypes.has(code))
      .map(({ start = 0, messageText }) => {
        const at = line + source.getLineAndCharacterOfPosition(start).line;
        return `${page}:${at}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
      });
  });
}

function absolute(paths: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(paths).map(([name, targets]) => [name, targets.map((target) => target.replace(/^\.\//, root))]),
  );
}
