// Bundles worker.js and all that it imports into one file. Bundlers copy what `new URL(…, import.meta.url)` names as it is, under
// another name and without what lies beside it; the extension says that it is a module wherever it ends up.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

export async function bundleWorker() {
  await build({
    absWorkingDir: here,
    entryPoints: ["worker.js"],
    outfile: "dist/worker.mjs",
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    logLevel: "warning",
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleWorker();
