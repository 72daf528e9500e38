import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { describe, expect, it } from "vitest";
import { sidebar } from "../docs/.vitepress/pages.mjs";
import { root } from "../scripts/files.mjs";
import { pages, readPage } from "./support/code-blocks.js";

/** Without what is code, where nothing is a link. */
const prose = (page: string) =>
  readPage(page)
    .replace(/^```[\s\S]*?^```$/gm, "")
    .replace(/`[^`\n]+`/g, "`code`");

/** As VitePress makes anchors of headings, for the letters that ours have. */
function anchors(page: string): Set<string> {
  const headings = [
    ...readPage(page)
      .replace(/^```[\s\S]*?^```$/gm, "")
      .matchAll(/^#{1,6} (.+)$/gm),
  ];
  return new Set(
    headings.map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[`*]/g, "")
        .replace(/[\s~!@#$%^&()\-_+=[\]{}|\\;:"'“”‘’<>,.?/]+/g, "-")
        .replace(/^-+|-+$/g, ""),
    ),
  );
}

/** Targets of a page's links and images that are not addresses. */
function targets(page: string): { readonly path: string; readonly anchor: string }[] {
  return [
    ...prose(page).matchAll(/\]\((?![a-z]+:)([^)\s]+)/g),
    ...prose(page).matchAll(/<(?:img|source)[^>]* src(?:set)?="([^"]+)"/g),
  ].map(([, target = ""]) => {
    const [path = "", anchor = ""] = target.split("#");
    return { path: path === "" ? page : normalize(join(dirname(page), path)), anchor };
  });
}

describe("links of the documentation", () => {
  it("lead to files that exist, and on the site to pages of the site", () => {
    const dead = pages.flatMap((page) =>
      targets(page)
        .filter(({ path }) => !existsSync(root + path) || (page.startsWith("docs/") && !path.startsWith("docs/")))
        .map(({ path }) => `${page}: ${path}`),
    );
    expect(dead).toEqual([]);
  });

  it("lead to headings that exist", () => {
    const dead = pages.flatMap((page) =>
      targets(page)
        .filter(({ path, anchor }) => anchor !== "" && pages.includes(path) && !anchors(path).has(anchor))
        .map(({ path, anchor }) => `${page}: ${path}#${anchor}`),
    );
    expect(dead).toEqual([]);
  });

  it("load nothing from other machines", () => {
    const remote = pages.filter((page) =>
      /!\[[^\]]*\]\(https?:|<(?:img|script|link|source)[^>]*https?:/.test(prose(page)),
    );
    expect(remote).toEqual([]);
  });
});

describe("the site's side bar", () => {
  it("has every page once, and no other", () => {
    const links = sidebar.flatMap(({ items }) => items.map(({ link }) => `docs${link}.md`));
    const written = pages.filter((page) => page !== "README.md" && page !== "docs/index.md");
    expect(links.filter((link) => !link.startsWith("docs/api/")).sort()).toEqual([...written].sort());
  });
});
