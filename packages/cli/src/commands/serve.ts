import { execFile } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import { StoreSource, serveInspector } from "@thermocline/inspector";
import type { Screen } from "../screen.js";
import { withStore } from "../stored.js";

export interface ServeFlags {
  readonly port?: number;
  readonly open?: boolean;
}

/** How an address is opened, by platform. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Shows a store in the browser until it is interrupted. It is opened only to be read. */
export async function serve(path: string, flags: ServeFlags, screen: Screen, signal: AbortSignal): Promise<void> {
  await withStore(path, { readOnly: true }, async (store) => {
    const { url, close } = await serveInspector(new StoreSource(store, basename(path)), { port: flags.port });
    try {
      screen.result({ url }, () => [`${path} is at ${url}`, "Ctrl-C ends it."]);
      if (flags.open) open(url);
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      await close();
    }
  });
}

/** The address has been printed, so a browser that does not start is no failure. */
function open(url: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  execFile(command, [...args, url], () => undefined);
}
