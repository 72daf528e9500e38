// The adapter's tests run with the newest LangChain and, as a project of their own, with the oldest that it declares.
import { readFileSync } from "node:fs";
import * as documents from "@langchain/core/documents";
import * as oldest from "langchain-core-floor/documents";
import { expect, it } from "vitest";

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));

it("the oldest LangChain in the tests is the oldest that the adapter declares", () => {
  const { peerDependencies } = read("../packages/langchain/package.json");
  const { version } = read("node_modules/langchain-core-floor/package.json");
  expect(peerDependencies["@langchain/core"]).toBe(`^${version}`);
});

it("these tests run with the one that their project is for", () => {
  expect(documents.Document === oldest.Document).toBe(process.env.LANGCHAIN_CORE === "floor");
});
