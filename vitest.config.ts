import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vitest/config";

const packages = fileURLToPath(new URL("packages", import.meta.url));
const tests = fileURLToPath(new URL("tests/", import.meta.url));

/** Frameworks in another version than the one that is installed: the oldest that the adapter declares, or one that is newer. */
const others = [
  {
    name: "oldest LangChain",
    framework: "@langchain/core",
    installedAs: "langchain-core-floor",
    tests: ["", "-conformance", "-documents", "-files", "-retriever"].map((part) => `langchain${part}`),
  },
  {
    name: "oldest LangGraph",
    framework: "@langchain/langgraph-checkpoint",
    installedAs: "langgraph-checkpoint-floor",
    tests: ["langgraph-filters", "langgraph-search", "langgraph-store", "langgraph-ttl"],
  },
  {
    name: "newest LlamaIndex.TS",
    framework: "@llamaindex/core",
    installedAs: "llamaindex-core-newest",
    tests: ["llamaindex", "llamaindex-conformance"],
  },
  {
    name: "oldest Mastra",
    framework: "@mastra/core",
    installedAs: "mastra-core-floor",
    tests: ["mastra", "mastra-conformance", "mastra-files"],
  },
];

/** Puts another version of a framework in the place of the one that is installed. */
function instead(framework: string, installedAs: string): Plugin {
  return {
    name: installedAs,
    enforce: "pre",
    async resolveId(source) {
      if (source !== framework && !source.startsWith(`${framework}/`)) return null;
      const other = installedAs + source.slice(framework.length);
      return this.resolve(other, `${tests}package.json`, { skipSelf: true });
    },
  };
}

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
      ...others.map(({ name, framework, installedAs, tests }) => ({
        extends: true as const,
        plugins: [instead(framework, installedAs)],
        test: {
          name,
          env: { FRAMEWORK: installedAs },
          include: [...tests, "peers"].map((test) => `tests/${test}.test.ts`),
        },
      })),
    ],
  },
});
