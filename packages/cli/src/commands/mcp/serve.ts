import { Console } from "node:console";
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { Thermocline } from "@thermocline/core";
import manifest from "../../../package.json" with { type: "json" };
import { providerOf } from "../../embedding/remembered.js";
import { AnsweringTransport } from "./answering-transport.js";
import { Memory } from "./memory.js";
import { offer } from "./tools.js";

export interface McpFlags {
  readonly embed?: string;
  readonly model?: string;
  readonly namespace?: string;
  readonly readOnly?: boolean;
}

const INSTRUCTIONS =
  "A memory that stays: remember keeps a text on disk, recall finds what was kept by meaning and by words, list pages through it, and forget " +
  "deletes. Recall before answering what may have been said before; remember what will matter later, one fact at a time.";

/** Serves a store to a Model Context Protocol client until that leaves or `signal` fires. */
export async function serveMemory(path: string, flags: McpFlags, signal: AbortSignal): Promise<void> {
  // stdout is the protocol's: what a library prints would break it.
  globalThis.console = new Console(process.stderr, process.stderr);
  const readOnly = flags.readOnly === true;
  const store = await Thermocline.open({ path, ...(readOnly ? { readOnly } : {}) });
  try {
    const embedding = await providerOf(store, flags);
    const memory = new Memory(store, embedding, flags.namespace);
    const log = (line: string) => process.stderr.write(`thermocline mcp: ${line}\n`);
    const transport = new AnsweringTransport();
    serveStdio(
      () => {
        const server = new McpServer(
          { name: "thermocline", title: "Thermocline", version: manifest.version },
          { instructions: INSTRUCTIONS },
        );
        offer(server, memory, { readOnly });
        return server;
      },
      { transport, onerror: ({ message }) => log(message) },
    );
    const stop = () => void transport.close();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    const how = embedding ? `embedded by ${embedding.name}` : "searched by words only";
    log(`serving ${path}, ${how}`);
    await transport.closed;
  } finally {
    // Waits for what is being written: what was acknowledged was on disk before.
    await store.close();
  }
}
