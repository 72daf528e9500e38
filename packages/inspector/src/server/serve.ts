import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ThermoclineError } from "@thermocline/core";
import type { Source } from "../source.js";
import { refusalOf } from "./admission.js";
import { type Asset, loadAssets } from "./assets.js";
import { answerCall } from "./calls.js";

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

export interface ServeOptions {
  /** 1 to 65,535; 0, the default: one that is free. */
  readonly port?: number | undefined;
}

/** An inspector that is being served. */
export interface Serving {
  /** Where the page is, its token included. Whoever knows it can read the store. */
  readonly url: string;
  /** Ends calls under way and resolves when the port is free again. */
  close(): Promise<void>;
}

/**
 * Serves the inspector's page for a source, on this machine's loopback address only. Nothing of the source can be written, no site but the
 * page itself can ask, and the address has a token that is new each time.
 *
 * @throws `IO` when the port is taken or may not be used, `ARGUMENT` for a port that is none
 * @example
 * const { url, close } = await serveInspector(new StoreSource(store, "memory.db"));
 */
export async function serveInspector(source: Source, { port = 0 }: ServeOptions = {}): Promise<Serving> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ThermoclineError("ARGUMENT", `The port is ${port}; give a whole number from 0 to 65535.`);
  }
  const assets = loadAssets();
  const token = randomBytes(24).toString("base64url");
  const server = createServer((request, response) => answer(request, response));
  const served = await listening(server, port);
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const refusal = refusalOf(request, token, served);
    if (refusal) {
      say(response, refusal.status, refusal.why);
      return;
    }
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    // The page names what it needs relative to a folder.
    if (pathname === `/${token}`) {
      response.writeHead(308, { location: `/${token}/` }).end();
      return;
    }
    const path = pathname.slice(token.length + 2);
    if (path.startsWith("api/")) {
      if (request.method !== "POST") say(response, 405, "Calls are POST.", { allow: "POST" });
      else void answerCall(source, path.slice("api/".length), request, response);
    } else give(request, response, assets.get(path));
  };
  return {
    url: `http://127.0.0.1:${served}/${token}/`,
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

function give({ method }: IncomingMessage, response: ServerResponse, asset: Asset | undefined): void {
  if (!asset) say(response, 404, "There is nothing here.");
  else if (method !== "GET" && method !== "HEAD") say(response, 405, "Pages are read.", { allow: "GET, HEAD" });
  else {
    response.writeHead(200, { "content-type": asset.type, "content-length": asset.body.length });
    response.end(method === "HEAD" ? undefined : asset.body);
  }
}

function say(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(`${text}\n`);
}

/** Begins to listen, and returns the port. */
function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      const why = taken ? "is taken by another program" : `cannot be used (${cause.code ?? cause.message})`;
      reject(
        new ThermoclineError("IO", `Port ${port} ${why}; give another one, or none for one that is free.`, { cause }),
      );
    });
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
