import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ELSEWHERE } from "./support/cli-examples.js";
import { cliFiles } from "./support/cli-files.js";
import { BUILT, McpClient } from "./support/mcp-client.js";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "packages/cli/README.md"), "utf8");
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, text = ""]) => text);

const folder = mkdtempSync(join(tmpdir(), "thermocline-cli-readme-"));
beforeAll(() => cliFiles(folder));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the README of the command line", () => {
  it("has commands that do what they say, as bash reads them", () => {
    mkdirSync(join(folder, ".config/fish/completions"), { recursive: true });
    const command = `thermocline() { '${process.execPath}' '${BUILT}' "$@"; }`;
    const lines = blocks("sh")
      .join("")
      .split("\n")
      .filter((line) => /thermocline /.test(line) && !ELSEWHERE.test(line));
    expect(lines.length).toBeGreaterThan(5);
    writeFileSync(join(folder, "readme.sh"), [command, "set -euo pipefail", ...lines].join("\n"));
    const env = { ...process.env, HOME: folder };
    const out = execFileSync("bash", ["readme.sh"], { cwd: folder, env, encoding: "utf8" });
    expect(out).toMatch(/records/);
    expect(readFileSync(join(folder, ".config/fish/completions/thermocline.fish"), "utf8")).toMatch(
      /complete -c thermocline/,
    );
  });

  it("has settings by which MCP clients start the server", async () => {
    const settings = blocks("json").map((text) => JSON.parse(text));
    expect(settings).toHaveLength(2);
    for (const { mcpServers, servers } of settings) {
      const { command, args } = (mcpServers ?? servers).memory as { command: string; args: string[] };
      expect([command, ...args.slice(0, 3)]).toEqual(["npx", "-y", "@thermocline/cli", "mcp"]);
      const path = join(folder, `${mcpServers ? "desktop" : "editor"}.db`);
      const client = await McpClient.start([path, ...args.slice(4)]);
      await client.call("remember", { text: "Started from the README." });
      expect(await client.call("recall", { query: "README" })).toMatchObject({
        memories: [{ text: "Started from the README." }],
      });
      await client.close();
    }
  });

  it("lists the tools as the server has them", async () => {
    const client = await McpClient.start([join(folder, "tools.db")]);
    const rows = [...readme.matchAll(/^\| `(remember|recall|forget|list)` \| (.*?) \| (.*?) \|$/gm)];
    const tools = await client.tools();
    expect(rows.map(([, name]) => name)).toEqual(tools.map(({ name }) => name));
    for (const [, name, takes = "", gives = ""] of rows) {
      const { inputSchema, outputSchema } = tools.find((tool) => tool.name === name) ?? {};
      for (const key of Object.keys(inputSchema?.properties ?? {})) expect(takes).toContain(`\`${key}\``);
      for (const key of Object.keys(outputSchema?.properties ?? {})) expect(gives).toContain(`\`${key}\``);
    }
    await client.close();
  });
});
