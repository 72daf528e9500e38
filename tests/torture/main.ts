import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { torture } from "./torture.js";

const HELP = `Usage: npm run --silent torture -- [options]

Kills processes that write to a store, with SIGKILL at random moments, and compares what they leave with what they had said was done.

  --seconds N   how long (default 60); a round that has begun is ended
  --kills N     end sooner, after N kills
  --seed N      of all random choices but the moments of kills (default 1)
  --json        print the report as JSON

Exit code 1 if anything was lost, resurrected, corrupt or ranked wrongly.
`;

function count(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new TypeError(`--${name} is ${text}; give a number above 0.`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string" },
      kills: { type: "string" },
      seed: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const seed = count("seed", values.seed, 1);
  const began = performance.now();
  const report = await torture({
    seconds: count("seconds", values.seconds, 60),
    kills: values.kills === undefined ? undefined : count("kills", values.kills, 1),
    seed,
    onWrong: (what) => console.error(what),
  });
  const seconds = Math.round((performance.now() - began) / 1_000);
  const machine = `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const node = process.version;
  const all = { ...report, seconds, seed, machine, platform: `${process.platform} ${process.arch}`, node };
  if (values.json) console.log(JSON.stringify(all, undefined, 2));
  else for (const [name, value] of Object.entries(all)) console.log(`${name}: ${JSON.stringify(value)}`);
  const { lost, resurrected, corrupt, rankingsWrong } = report;
  return lost + resurrected + corrupt + rankingsWrong > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\nSee --help.`);
  process.exitCode = 2;
}
