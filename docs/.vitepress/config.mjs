import process from "node:process";
import { defineConfig } from "vitepress";
import { sidebar } from "./pages.mjs";

const base = process.env["DOCS_BASE"] ?? "/";
if (!/^\/([\w.~-]+\/)*$/.test(base)) {
  throw new Error(
    `DOCS_BASE is ${JSON.stringify(base)}, not a path that begins and ends with a slash, as "/thermocline/" does.`,
  );
}

// biome-ignore lint/style/noDefaultExport: VitePress asks for one
export default defineConfig({
  title: "Thermocline",
  description:
    "A vector store for JavaScript: recent rows exact in RAM, old rows in a few spectral bytes, one SQLite file",
  lang: "en",
  base,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${base}icon.svg` }]],
  srcExclude: ["**/node_modules/**"],
  cacheDir: "../.setup/docs-cache",
  ignoreDeadLinks: false,
  metaChunk: true,
  markdown: { theme: { light: "github-light", dark: "github-dark" } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Start", link: "/start/core" },
      { text: "How it works", link: "/how-it-works" },
      { text: "API", link: "/api/" },
      { text: "Benchmarks", link: "/benchmarks" },
    ],
    sidebar,
    footer: { message: "Apache-2.0" },
  },
});
