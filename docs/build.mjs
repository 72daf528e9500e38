// The documentation's site:
//   node docs/build.mjs [dev]
// First the API's pages, which TypeDoc writes from docstrings into `docs/api`; then the site, into `docs/.vitepress/dist`, or a
// server that shows pages as they are written. DOCS_BASE is the path that the site is served under, by default `/`.
import { rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";
import { build, createServer } from "vitepress";

const docs = fileURLToPath(new URL(".", import.meta.url));
const api = `${docs}api`;
const packages = fileURLToPath(new URL("../packages", import.meta.url));

/** Public entries, as they are imported, with their files. */
const entries = new Map([
  ["@thermocline/core", "core/src/index.ts"],
  ["@thermocline/core/browser", "core/src/browser.ts"],
  ["@thermocline/langchain", "langchain/src/index.ts"],
  ["@thermocline/langchain/langgraph", "langchain/src/langgraph/index.ts"],
  ["@thermocline/llamaindex", "llamaindex/src/index.ts"],
  ["@thermocline/llamaindex/vectorstores", "llamaindex/src/vectorstores.ts"],
  ["@thermocline/mastra", "mastra/src/index.ts"],
]);

/** What the Markdown plugin adds to TypeDoc's options, whose types do not know them. */
const asMarkdown = {
  entryFileName: "index",
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  useHTMLEncodedBrackets: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  sanitizeComments: true,
};

async function writeApi() {
  rmSync(api, { recursive: true, force: true });
  const app = await Application.bootstrapWithPlugins({
    name: "API",
    entryPoints: [...entries.values()].map((entry) => `${packages}/${entry}`),
    tsconfig: `${docs}tsconfig.json`,
    plugin: ["typedoc-plugin-markdown"],
    outputs: [{ name: "markdown", path: api }],
    // By default it would empty a folder that it was not asked to.
    cleanOutputDir: false,
    // `npm test` checks types; a fresh clone has no addon whose declarations could be read.
    skipErrorChecking: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    readme: "none",
    disableSources: true,
    disableGit: true,
    logLevel: "Error",
    sort: ["source-order"],
    .../** @type {object} */ (asMarkdown),
  });
  const project = await app.convert();
  if (project?.children?.length !== entries.size) throw new Error("TypeDoc could not read the packages.");
  const names = new Map([...entries].map(([name, file]) => [file.replace(/(\/index)?\.ts$/, ""), name]));
  for (const module of project.children) module.name = names.get(module.name) ?? module.name;
  await app.generateOutputs(project);
  if (app.logger.hasErrors()) throw new Error("TypeDoc could not write the API's pages.");
}

const start = performance.now();
await writeApi();
const written = performance.now();
if (process.argv[2] === "dev") {
  const server = await createServer(docs);
  await server.listen();
  server.printUrls();
} else {
  await build(docs);
  const seconds = (/** @type {number} */ from, /** @type {number} */ to) => `${((to - from) / 1000).toFixed(0)} s`;
  console.log(
    `API in ${seconds(start, written)}, site in ${seconds(written, performance.now())}: docs/.vitepress/dist`,
  );
}
