import { defineConfig } from "tsdown";

export default defineConfig({
  entry: { index: "src/index.ts", langgraph: "src/langgraph/index.ts" },
  format: ["esm", "cjs"],
  platform: "node",
  target: "node20.19",
  fixedExtension: false,
  dts: true,
  sourcemap: true,
});
