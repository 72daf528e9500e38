import { createReadStream, existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const data = path.join(root, "../beir-scifact/data");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** Bundles the page and its worker into `out`: a folder that any web server can serve, beside `data`. */
export async function bundle(out: string): Promise<void> {
  await build({
    entryPoints: { main: path.join(root, "src/main.ts"), worker: "@thermocline/core/worker" },
    absWorkingDir: root,
    outdir: out,
    bundle: true,
    format: "esm",
    platform: "browser",
    loader: { ".wasm": "file" },
    minify: true,
    // The packages as they are published, not the sources that tsconfig.json names.
    tsconfigRaw: {},
    logLevel: "warning",
  });
  await copyFile(path.join(root, "index.html"), path.join(out, "index.html"));
}

/** Serves the page on this machine alone. */
export async function serve(out: string, port = 0): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const [, first = "", second] = pathname.split("/");
    const file = second === undefined ? path.join(out, first || "index.html") : path.join(data, second);
    if (!/^[\w.-]*$/.test(first + (second ?? "")) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("content-type", types[path.extname(file)] ?? "application/octet-stream");
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = path.join(root, "dist");
  await bundle(out);
  const { url } = await serve(out, 8080);
  console.log(`Open ${url}`);
}
