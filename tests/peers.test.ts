// The adapters' tests run with one version of each framework and, as projects of their own, with another: between them they are
// the oldest that the adapter declares and the newest.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));

it.each([
  ["langchain", "@langchain/core", "langchain-core-floor"],
  ["langchain", "@langchain/langgraph-checkpoint", "langgraph-checkpoint-floor"],
  ["llamaindex", "@llamaindex/core", "@llamaindex/core"],
  ["llamaindex", "@vectorstores/core", "@vectorstores/core"],
  ["mastra", "@mastra/core", "mastra-core-floor"],
])("tests run with the oldest version that the package %s declares of %s", (adapter, framework, installedAs) => {
  const { peerDependencies } = read(`../packages/${adapter}/package.json`);
  expect(peerDependencies[framework]).toBe(`^${read(`node_modules/${installedAs}/package.json`).version}`);
});

/** What a project's tests import, and the same class of the version that the project is for. */
const imports: Readonly<Record<string, () => Promise<readonly unknown[]>>> = {
  "langchain-core-floor": async () => [
    (await import("@langchain/core/documents")).Document,
    (await import("langchain-core-floor/documents")).Document,
  ],
  "langgraph-checkpoint-floor": async () => [
    (await import("@langchain/langgraph-checkpoint")).BaseStore,
    (await import("langgraph-checkpoint-floor")).BaseStore,
  ],
  "llamaindex-core-newest": async () => [
    (await import("@llamaindex/core/schema")).TextNode,
    (await import("llamaindex-core-newest/schema")).TextNode,
  ],
  "mastra-core-floor": async () => [
    (await import("@mastra/core/error")).MastraError,
    (await import("mastra-core-floor/error")).MastraError,
  ],
};

const { FRAMEWORK } = process.env;
it.runIf(FRAMEWORK)("this project's tests run with the version that it is for", async () => {
  const [imported, wanted] = (await imports[FRAMEWORK ?? ""]?.()) ?? [];
  expect(wanted).toBeTypeOf("function");
  expect(imported).toBe(wanted);
});
