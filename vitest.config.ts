import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vitest/config";

const packages = fileURLToPath(new URL("packages", import.meta.url));
const tests = fileURLToPath(new URL("tests/", import.meta.url));

/** Puts the oldest LangChain that the adapter declares in the place of the one that is installed. */
const oldestLangChain: Plugin = {
  name: "langchain-core-floor",
  enforce: "pre",
  async resolveId(source) {
    if (!/^@langchain\/core(\/|$)/.test(source)) return null;
    const floor = source.replace("@langchain/core", "langchain-core-floor");
    return this.resolve(floor, `${tests}package.json`, { skipSelf: true });
  },
};

/** What concerns LangChain's own package only, and not the others that bring a newer one along. */
const ofLangChain = ["", "-conformance", "-documents", "-files", "-peers", "-retriever"];

export default defineConfig({
  resolve: {
    // Tests read our packages from source, so that no stale build can pass or fail them.
    alias: [
      {
        find: /^@thermocline\/(core|inspector|langchain|llamaindex|mastra)$/,
        replacement: `${packages}/$1/src/index.ts`,
      },
      { find: /^@thermocline\/langchain\/langgraph$/, replacement: `${packages}/langchain/src/langgraph/index.ts` },
      { find: "@thermocline/llamaindex/vectorstores", replacement: `${packages}/llamaindex/src/vectorstores.ts` },
    ],
  },
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Vitest leaves one core to itself, which on two would leave one to the tests.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { extends: true, test: { name: "newest", include: ["tests/**/*.test.ts", "packages/*/src/**/*.test.ts"] } },
      {
        extends: true,
        plugins: [oldestLangChain],
        test: {
          name: "oldest LangChain",
          env: { LANGCHAIN_CORE: "floor" },
          include: ofLangChain.map((part) => `tests/langchain${part}.test.ts`),
        },
      },
    ],
  },
});
