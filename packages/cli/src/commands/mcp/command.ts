import type { Command } from "commander";
import { PROVIDERS } from "../../embedding/provider.js";
import type { McpFlags } from "./serve.js";

const EXAMPLES = `
Examples:
  $ thermocline mcp memory.db
  $ thermocline mcp memory.db --namespace alice --embed ollama

For a client that reads mcpServers from its settings:
  {"mcpServers":{"memory":{"command":"npx","args":["-y","@thermocline/cli","mcp","/path/to/memory.db"]}}}`;

/** Adds the command `mcp`. */
export function addMcp({ program, signal }: { readonly program: Command; readonly signal: AbortSignal }): void {
  program
    .command("mcp <store>")
    .description("serve a store as memory to a Model Context Protocol client, over stdio")
    .option("--namespace <name>", "the namespace of calls that name none")
    .option(
      "--embed <provider>",
      `what makes vectors of texts: ${PROVIDERS.join(", ")}, or none (default: what the file says)`,
    )
    .option("--model <name>", "the provider's model")
    .option("--read-only", "offer recall and list only, and never write")
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, flags: McpFlags) => {
      const { serveMemory } = await import("./serve.js");
      await serveMemory(path, flags, signal);
    });
}
