import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const packages = fileURLToPath(new URL("packages", import.meta.url));

export default defineConfig({
  resolve: {
    // Tests read our packages from source, so that no stale build can pass or fail them.
    alias: [{ find: /^@thermocline\/(core|langchain)$/, replacement: `${packages}/$1/src/index.ts` }],
  },
  test: {
    include: ["tests/**/*.test.ts", "packages/*/src/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
