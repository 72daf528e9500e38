import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { judged } from "../bench/src/tiers/command.js";
import type { TiersRow } from "../bench/src/tiers/measure.js";
import { root } from "../scripts/files.mjs";

async function tiers(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = ["--import", "tsx", "bench/src/main.ts", "tiers", ...args];
  return promisify(execFile)(process.execPath, command, { cwd: root }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

describe("the tiers suite", () => {
  it("says what is missing, and refuses what is no exponent", async () => {
    const without = await tiers("--datasets", tmpdir());
    expect(without).toMatchObject({ code: 1, stdout: "" });
    expect(without.stderr).toContain(`wordnet's files are not in ${tmpdir()}`);
    const refused = await tiers("--skew", "1,steep");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain('--skew takes numbers from 0 to 9.9, not "steep"');
  });

  it("fails where LRU serves more from the hot tier, or hits are not the exact ones", () => {
    const row = { skew: 1, hotShare: 0.5, overlap10: 1 } as TiersRow;
    const rows: TiersRow[] = [
      { ...row, policy: "thermocline" },
      { ...row, policy: "lru", hotShare: 0.4 },
    ];
    const replay = { skew: 1, seeds: 1, hotShare: 0.5, lru: 0.4, textbookLru: 0.4, leastGain: 0.1 };
    expect(judged(rows, [replay])).toEqual([]);
    expect(judged(rows, [{ ...replay, lru: 0.6 }])).toEqual([expect.stringMatching(/replays at skew 1/)]);
    const worse = [{ ...row, policy: "thermocline" as const, hotShare: 0.3, overlap10: 0.98 }, ...rows.slice(1)];
    expect(judged(worse, [replay])).toEqual([
      expect.stringMatching(/thermocline at skew 1: overlap 0.98, below 0.99/),
      expect.stringMatching(/LRU serves more from hot at skew 1/),
    ]);
  });
});
