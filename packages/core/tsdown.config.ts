import { defineConfig } from "tsdown";

// What `#binaries` is, whoever runs or bundles the package decides.
const common = { fixedExtension: false, sourcemap: true, dts: false as const, external: ["#binaries"] };

export default defineConfig([
  { ...common, entry: "src/index.ts", format: "esm", platform: "node", target: "node20.19" },
  {
    ...common,
    entry: "src/index.ts",
    format: "cjs",
    platform: "node",
    target: "node20.19",
    dts: true,
    // In a chunk of its own, or the entry would load for it a chunk that is for later.
    outputOptions: { codeSplitting: { groups: [{ name: "runtime", test: /rolldown\/runtime/ }] } },
  },
  {
    ...common,
    entry: ["src/browser.ts", "src/worker.ts"],
    format: "esm",
    platform: "browser",
    target: "es2023",
    // The condition by which package.json's `imports` choose what runs in a page.
    inputOptions: { resolve: { conditionNames: ["browser", "import", "default"] } },
  },
  // Of both at once, so that a store is of one type wherever it was opened.
  {
    ...common,
    entry: ["src/index.ts", "src/browser.ts", "src/worker.ts"],
    format: "esm",
    platform: "node",
    dts: { emitDtsOnly: true },
  },
]);
