import { cp, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { files, root } from "../scripts/files.mjs";
import { faultsOf } from "../scripts/package-contents.mjs";
import { entriesOf, Packed, PLATFORMS } from "./support/packed.js";
import { answerOf, runProgram } from "./support/program.js";

// They pack, and start processes.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const manifests = files().filter((file) => /^(packages|native)\/[\w-]+\/package\.json$/.test(file));
const read = async (file: string) => JSON.parse(await readFile(root + file, "utf8"));
const names: readonly string[] = await Promise.all(manifests.map(async (file) => (await read(file)).name));
const abi: Readonly<Record<string, string>> = { linux: "-gnu", win32: "-msvc" };
const addon = `@thermocline/native-${process.platform}-${process.arch}${abi[process.platform] ?? ""}`;

let packed: Packed;
beforeAll(async () => {
  packed = await Packed.make();
  for (const name of ["ask.mjs", "print.mjs"])
    await cp(`${root}tests/install/programs/${name}`, join(packed.folder, name));
});
afterAll(() => packed?.remove());

/** The packed package of that name. */
function packageOf(name: string) {
  const found = packed.packages.find((one) => one.name === name);
  if (!found) throw new Error(`${name} was not packed`);
  return found;
}

const node = (args: readonly string[]) => answerOf(process.execPath, args, { cwd: packed.folder });
/** Prints which modules are loaded when packages are. */
const loading = (how: string, specifiers: readonly string[]) => `
  import { createRequire, register } from "node:module";
  import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
  const { port1, port2 } = new MessageChannel();
  register("data:text/javascript," + encodeURIComponent(\`
    let port;
    export const initialize = (given) => { port = given; };
    export const load = (url, context, next) => { port.postMessage(url); return next(url, context); };\`),
    { data: port2, transferList: [port2] });
  const require = createRequire(import.meta.url);
  for (const name of ${JSON.stringify(specifiers)}) ${how === "import" ? "await import(name)" : "require(name)"};
  const loaded = Object.keys(require.cache);
  for (let said; (said = receiveMessageOnPort(port1)); ) loaded.push(said.message);
  console.log(JSON.stringify(loaded));
  process.exit();`;

/** Line 9 is the error that shows that types are there. */
const consumer = `
import { Thermocline, ThermoclineError, type Hit } from "@thermocline/core";
import { ThermoclineVectorStore } from "@thermocline/langchain";
export async function nearest(vector: Float32Array): Promise<readonly Hit[]> {
  const store = await Thermocline.open({ dim: vector.length });
  return store.query({ vector, k: 3, filter: { year: { $gte: 2010 } } });
}
export const code: ThermoclineError["code"] = "CORRUPT";
export const wrong = Thermocline.open({ dim: "3" });
export const from: typeof ThermoclineVectorStore.fromTexts = ThermoclineVectorStore.fromTexts;
`;

const asked = { found: "r7", tier: "cold" };

describe("what is packed", () => {
  it("is every package, and the addon of this platform", () => {
    expect(packed.packages.map(({ name }) => name).sort()).toEqual([...names, addon].sort());
  });

  it("has the addons of seven platforms as optional dependencies", () => {
    const { optionalDependencies } = packageOf("@thermocline/native").manifest;
    const expected = PLATFORMS.map((name) => [`@thermocline/native-${name}`, "0.1.0"]);
    expect(optionalDependencies).toEqual(Object.fromEntries(expected));
  });

  it("depends on versions of each other that are packed", () => {
    for (const { manifest } of packed.packages) {
      for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
        if (name.startsWith("@thermocline/")) expect(packageOf(name).version).toBe(range);
      }
    }
  });

  it.each([
    ["LICENSE is missing", {}, ["package.json", "README.md"]],
    ["src/index.ts does not belong in it", {}, ["package.json", "README.md", "LICENSE", "src/index.ts"]],
    ["dist/index.ts does not belong in it", {}, ["package.json", "README.md", "LICENSE", "dist/index.ts"]],
    ["its manifest names ./dist/a.js, which is missing", { exports: { ".": { import: "./dist/a.js" } } }, undefined],
    ["it has the script postinstall", { scripts: { postinstall: "node build.mjs" } }, undefined],
    [
      "@thermocline/core@workspace:* is no version",
      { dependencies: { "@thermocline/core": "workspace:*" } },
      undefined,
    ],
    ["it has 1 addons in place of 0", {}, ["package.json", "README.md", "LICENSE", "a.node"]],
  ])("would be refused if: %s", (fault, manifest, paths = ["package.json", "README.md", "LICENSE"]) => {
    expect(faultsOf({ name: "@thermocline/one", version: "1.0.0", ...manifest }, paths)).toEqual([fault]);
  });
});

describe.each(names)("%s", (name) => {
  it("is as publint wants it", async () => {
    const { messages } = await publint({ pkgDir: packageOf(name).folder, pack: false, strict: true });
    expect(messages).toEqual([]);
  });

  it("has types where TypeScript looks for them", async () => {
    const { file, manifest } = packageOf(name);
    // A program has nothing that could be imported.
    if (manifest.bin) return expect(entriesOf(manifest)).toEqual([]);
    const tarball = createPackageFromTarballData(new Uint8Array(await readFile(file)));
    // TypeScript knows nothing of WebAssembly.
    const result = await checkPackage(tarball, { excludeEntrypoints: [/\.wasm$/] });
    if (!result.types) throw new Error("it has no types");
    const cjs = new Map(entriesOf(manifest).map((entry) => [entry.specifier.replace(name, "."), entry.cjs]));
    const problems = result.problems.filter((problem) => {
      if (!("entrypoint" in problem)) return true;
      const { kind, resolutionKind, entrypoint } = problem;
      // Entries without a build for `require` are modules there, which Node has required since 20.19.
      if (kind === "CJSResolvesToESM") return cjs.get(entrypoint) !== false;
      // Resolution as it was before `exports` has no entries but the first.
      return resolutionKind !== "node10" || entrypoint === ".";
    });
    expect(problems).toEqual([]);
  });
});

describe("a project that has them", () => {
  it("runs as ESM, on the addon of its platform", async () => {
    expect(await node(["print.mjs"])).toEqual({ ...asked, backend: "native" });
  });

  it("runs as CommonJS", async () => {
    const program = `
      const { Thermocline } = require("@thermocline/core");
      Thermocline.open().then(async (store) => {
        await store.upsert([{ id: "a", vector: [1, 0] }]);
        const [{ id }] = await store.query({ vector: [1, 0] });
        console.log(JSON.stringify({ id, backend: store.stats().kernel.backend }));
      });`;
    await writeFile(join(packed.folder, "program.cjs"), program);
    expect(await node(["program.cjs"])).toEqual({ id: "a", backend: "native" });
  });

  it("runs on WebAssembly where no addon fits, without a word", async () => {
    const { folder } = packageOf(addon);
    await rename(folder, `${folder}-aside`);
    try {
      const { stdout, stderr } = await runProgram(process.execPath, ["print.mjs"], { cwd: packed.folder });
      expect(JSON.parse(stdout)).toMatchObject({ ...asked, backend: "wasm", fallback: expect.stringContaining(addon) });
      expect(stderr).toBe("");
    } finally {
      await rename(`${folder}-aside`, folder);
    }
  });

  it.each(["import", "require"])("loads no kernel and no SQLite to %s a package", async (how) => {
    const entries = packed.packages.flatMap(({ manifest }) => entriesOf(manifest));
    const specifiers = entries.filter(
      ({ specifier, cjs }) => !/\/(native|wasm|worker)/.test(specifier) && (cjs || how === "import"),
    );
    expect(specifiers.length).toBeGreaterThan(1);
    const loaded = await node([
      "--input-type=module",
      "--eval",
      loading(
        how,
        specifiers.map(({ specifier }) => specifier),
      ),
    ]);
    const urls = loaded as string[];
    expect(urls.filter((url) => url.includes("/@thermocline/")).length).toBeGreaterThan(1);
    const heavy = /@thermocline\/(native|wasm)|@thermocline\/core\/dist\/(native|wasm)-(?!source)|sqlite|\.node$/;
    expect(urls.filter((url) => heavy.test(url))).toEqual([]);
  });

  it.each(["bundler", "node16"])(
    "type-checks with moduleResolution %s, declarations of ours included",
    async (moduleResolution) => {
      await writeFile(join(packed.folder, "consumer.ts"), consumer);
      const module = moduleResolution === "node16" ? "node16" : "esnext";
      const compilerOptions = {
        module,
        moduleResolution,
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        target: "es2023",
        types: ["node"],
      };
      await writeFile(
        join(packed.folder, "tsconfig.json"),
        JSON.stringify({ compilerOptions, files: ["consumer.ts"] }),
      );
      const { stdout } = await runProgram(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", "."], {
        cwd: packed.folder,
      });
      // Peers' own declarations are theirs to mend.
      expect(stdout.split("\n").filter((line) => /^(consumer|node_modules\/@thermocline)/.test(line))).toEqual([
        expect.stringContaining("consumer.ts(9,"),
      ]);
    },
  );
});
