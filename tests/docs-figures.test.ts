import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { root } from "../scripts/files.mjs";

it("the pages have the figures of the records", () => {
  const { status, stdout } = spawnSync(process.execPath, ["scripts/figures.mjs", "--check"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});
