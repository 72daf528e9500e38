import {
  type CallToolResult,
  type McpServer,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { failureOf } from "../../failure.js";
import type { Memory } from "./memory.js";
import { INPUTS, OUTPUTS } from "./schemas.js";

/** What all tools have in common: they look at nothing but the store. */
const CLOSED = { openWorldHint: false } as const;
const READ = { ...CLOSED, readOnlyHint: true, idempotentHint: true } as const;
/** They replace and delete, and done twice are as if done once. */
const WRITE = { ...CLOSED, readOnlyHint: false, destructiveHint: true, idempotentHint: true } as const;

/** Offers the tools and the memories themselves; without those that write, where nothing may be written. */
export function offer(server: McpServer, memory: Memory, { readOnly }: { readonly readOnly: boolean }): void {
  if (!readOnly) {
    server.registerTool(
      "remember",
      {
        title: "Remember",
        description: "Keeps a text for later, on disk. What has the same id is replaced.",
        inputSchema: INPUTS.remember,
        outputSchema: OUTPUTS.remember,
        annotations: WRITE,
      },
      (input, context) => answer(() => memory.remember(input, signalOf(context))),
    );
  }
  server.registerTool(
    "recall",
    {
      title: "Recall",
      description: "Finds the memories that best answer a question or some words, best first.",
      inputSchema: INPUTS.recall,
      outputSchema: OUTPUTS.recall,
      annotations: READ,
    },
    (input, context) => answer(() => memory.recall(input, signalOf(context))),
  );
  if (!readOnly) {
    server.registerTool(
      "forget",
      {
        title: "Forget",
        description: "Deletes memories for good, by their ids or by a filter of their metadata.",
        inputSchema: INPUTS.forget,
        outputSchema: OUTPUTS.forget,
        annotations: WRITE,
      },
      (input, context) => answer(() => memory.forget(input, signalOf(context))),
    );
  }
  server.registerTool(
    "list",
    {
      title: "List",
      description: "Gives memories a page at a time, in the order in which they were written.",
      inputSchema: INPUTS.list,
      outputSchema: OUTPUTS.list,
      annotations: READ,
    },
    (input, context) => answer(() => memory.list(input, signalOf(context))),
  );
  offerRecords(server, memory);
}

/** Memories as resources, in the server's namespace or in another. */
function offerRecords(server: McpServer, memory: Memory): void {
  const about = { mimeType: "application/json", description: "A memory by its id: text, metadata, tier" };
  for (const [name, template] of [
    ["record", "thermocline://record/{id}"],
    ["record-of-namespace", "thermocline://record/{id}{?namespace}"],
  ] as const) {
    // A store may hold millions of records, so they are listed by a tool, a page at a time.
    server.registerResource(name, new ResourceTemplate(template, { list: undefined }), about, async ({ href }) => {
      const [path = "", query = ""] = href.slice("thermocline://record/".length).split("?");
      const namespace = new URLSearchParams(query).get("namespace") ?? undefined;
      const found = await memory.read(decoded(path), namespace);
      if (!found)
        throw new ResourceNotFoundError(href, `There is no memory ${href}; the tool list gives those there are.`);
      return { contents: [{ uri: href, mimeType: about.mimeType, text: JSON.stringify(found) }] };
    });
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function signalOf({ mcpReq }: ServerContext): AbortSignal {
  return mcpReq.signal;
}

/** What a tool did, as JSON and as text of the same; or in one sentence why not, and what to do. */
async function answer(work: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
  try {
    const structuredContent = await work();
    return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
  } catch (error) {
    const { code, message } = failureOf(error);
    return {
      isError: true,
      content: [{ type: "text", text: `${code}: ${message}` }],
      _meta: { "thermocline/code": code },
    };
  }
}
