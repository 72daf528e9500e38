import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as FirstClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as FirstTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The command line as it is published: `npm test` builds it first. */
export const BUILT = `${root}packages/cli/dist/index.js`;

/** Which of the official SDK's clients: its first line, which says `initialize`, or the second, which asks what the server speaks. */
export type Line = "1" | "2";

interface Result {
  readonly isError?: boolean;
  readonly structuredContent?: unknown;
  readonly content?: unknown;
}

/** A server that was started by one of the official SDK's clients, and that client. */
export class McpClient {
  readonly #client: Client | FirstClient;
  readonly #transport: StdioClientTransport | FirstTransport;
  /** What the server has written to stderr. */
  log = "";

  private constructor(client: Client | FirstClient, transport: StdioClientTransport | FirstTransport) {
    [this.#client, this.#transport] = [client, transport];
    transport.stderr?.on("data", (data: Buffer) => {
      this.log += data.toString();
    });
  }

  /** Starts `thermocline mcp` with arguments. */
  static async start(
    args: readonly string[],
    { line = "2", env = {} }: { line?: Line; env?: Record<string, string> } = {},
  ): Promise<McpClient> {
    const server = {
      command: process.execPath,
      args: [BUILT, "mcp", ...args],
      cwd: root,
      stderr: "pipe" as const,
      env: { ...(process.env as Record<string, string>), ...env },
    };
    const about = { name: "tests", version: "1.0.0" };
    if (line === "1") {
      const [client, transport] = [new FirstClient(about), new FirstTransport(server)];
      const started = new McpClient(client, transport);
      // Its transport has an optional session, which exactOptionalPropertyTypes tells from one that may be undefined.
      await client.connect(transport as Parameters<FirstClient["connect"]>[0]);
      return started;
    }
    const [client, transport] = [
      new Client(about, { versionNegotiation: { mode: "auto" } }),
      new StdioClientTransport(server),
    ];
    const started = new McpClient(client, transport);
    await client.connect(transport);
    return started;
  }

  get pid(): number {
    return this.#transport.pid ?? -1;
  }

  get instructions(): string | undefined {
    return this.#client.getInstructions();
  }

  async tools() {
    return (await this.#client.listTools()).tools;
  }

  /** What a tool gives; its refusal is an error with its text. */
  async call<T = Record<string, unknown>>(name: string, args: Record<string, unknown>): Promise<T> {
    const result = await this.answer(name, args);
    if (result.isError) throw new Error(textOf(result));
    if (JSON.stringify(result.structuredContent) !== textOf(result)) throw new Error("Text and structure differ.");
    return result.structuredContent as T;
  }

  /** A tool's answer as it came. */
  async answer(name: string, args: Record<string, unknown>): Promise<Result> {
    return (await this.#client.callTool({ name, arguments: args })) as Result;
  }

  async resource(uri: string): Promise<unknown> {
    const { contents } = await this.#client.readResource({ uri });
    return JSON.parse((contents[0] as { readonly text: string }).text);
  }

  async templates() {
    return (await this.#client.listResourceTemplates()).resourceTemplates;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function textOf({ content }: Result): string {
  return (content as readonly { readonly text: string }[])[0]?.text ?? "";
}
