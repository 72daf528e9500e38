import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { build } from "esbuild";

/** A worker in workerd, the runtime of Cloudflare's edge: no file system, no addons, nothing compiled at run time. */
export interface EdgeWorker {
  readonly url: string;
  end(): void;
}

/** Bundles `entry`, from which no module of Node may be reached, and serves it; `folder` takes what is made on the way. */
export async function serveOnEdge(entry: string, folder: string): Promise<EdgeWorker> {
  const modules = new Map<string, string>();
  const refused: string[] = [];
  await build({
    entryPoints: [entry],
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    // The packages as they are published, not the sources that tsconfig.json names.
    tsconfigRaw: {},
    logLevel: "warning",
    plugins: [
      {
        name: "edge",
        setup({ onResolve, resolve }) {
          onResolve({ filter: /^node:/ }, ({ path, importer }) => {
            refused.push(`${importer} imports ${path}`);
            return { path, external: true };
          });
          onResolve({ filter: /\.wasm$/ }, async ({ path, pluginData, ...from }) => {
            if (pluginData === "found") return undefined;
            const found = await resolve(path, { ...from, pluginData: "found" });
            const name = basename(found.path);
            modules.set(name, found.path);
            return { path: `./${name}`, external: true };
          });
        },
      },
    ],
  });
  if (refused.length > 0) throw new Error(`The bundle reaches Node:\n${refused.join("\n")}`);
  for (const [name, file] of modules) copyFileSync(file, join(folder, name));
  const wasm = [...modules.keys()].map((name) => `(name = "${name}", wasm = embed "${name}")`);
  const config = join(folder, "config.capnp");
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    compatibilityDate = "2025-09-01",
    modules = [(name = "worker.js", esModule = embed "worker.js"), ${wasm.join(", ")}],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`,
  );
  return started(config);
}

async function started(config: string): Promise<EdgeWorker> {
  const bin = createRequire(import.meta.url)("workerd") as { readonly default: string };
  const child: ChildProcess = spawn(bin.default, ["serve", config, "--control-fd=3"], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const control = createInterface({ input: child.stdio[3] as Readable });
  const port = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`workerd ended with ${code}`)));
    control.on("line", (line) => {
      const said = JSON.parse(line) as { event: string; port: number };
      if (said.event === "listen") resolve(said.port);
    });
  });
  return { url: `http://127.0.0.1:${port}`, end: () => child.kill() };
}
