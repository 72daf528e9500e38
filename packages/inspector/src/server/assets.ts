import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { ThermoclineError } from "@thermocline/core";

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: Uint8Array;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** Where the built page lies, seen from the bundle and from its source. */
const FOLDERS = ["./page/", "../../dist/page/"];

/** The files of the built page by their path; the page itself is "". Nothing else of the disk can be asked for. */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const folder = FOLDERS.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path));
  if (folder === undefined) {
    throw new ThermoclineError("IO", "The inspector's page is not built; install the package anew, or run its build.");
  }
  const assets = new Map<string, Asset>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const type = TYPES[extname(file)];
    const path = file.replaceAll("\\", "/");
    if (type) assets.set(path === "index.html" ? "" : path, { type, body: readFileSync(folder + file) });
  }
  return assets;
}
