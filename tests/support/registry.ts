import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import type { Unpacked } from "./packed.js";

/** A registry on this machine with our packages and no others, for the scope `@thermocline` of package managers. */
export class Registry {
  readonly #server: Server;
  readonly url: string;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  static async serve(packages: readonly Unpacked[]): Promise<Registry> {
    const tarballs = new Map<string, Buffer>();
    for (const { file } of packages) tarballs.set(basename(file), await readFile(file));
    const server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname).slice(1);
      const bytes = tarballs.get(basename(path));
      if (bytes) return void response.end(bytes);
      const found = packages.find(({ name }) => name === path);
      if (!found) return void response.writeHead(404, { "content-type": "application/json" }).end("{}");
      const { name, version, manifest, file } = found;
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const content = tarballs.get(basename(file)) ?? "";
      const integrity = `sha512-${createHash("sha512").update(content).digest("base64")}`;
      const shasum = createHash("sha1").update(content).digest("hex");
      const dist = { tarball: `${base}tarballs/${basename(file)}`, integrity, shasum };
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } }),
      );
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    return new Registry(server);
  }

  end(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
