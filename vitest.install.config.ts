import { defineConfig } from "vitest/config";
import shared from "./vitest.config.js";

// The packages in projects of their own, with what those download and build: minutes, so not among `npm test`.
export default defineConfig({
  ...shared,
  test: { include: ["tests/install/*.install.ts"], testTimeout: 500_000, hookTimeout: 500_000, fileParallelism: false },
});
