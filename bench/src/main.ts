import { HELP as IMPORT_HELP, importing } from "./import/command.js";
import { HELP as QUALITY_HELP, quality } from "./quality/command.js";
import { HELP as SPEED_HELP, speed } from "./speed/command.js";
import { HELP as STORE_HELP, store } from "./store/command.js";
import { HELP as TIERS_HELP, tiers } from "./tiers/command.js";
import { UsageError } from "./usage-error.js";

const HELP = `Usage: npm run bench -- [speed | quality | store | tiers | import] [options]; without a suite's name, speed.

${SPEED_HELP}
${QUALITY_HELP}
${STORE_HELP}
${TIERS_HELP}
${IMPORT_HELP}`;

async function main(args: readonly string[]): Promise<number> {
  const [first = "", ...rest] = args;
  if (first === "--help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (first === "quality") return quality(rest);
  if (first === "store") return store(rest);
  if (first === "speed") return speed(rest);
  if (first === "tiers") return tiers(rest);
  if (first === "import") return importing(rest);
  if (first === "" || first.startsWith("-")) return speed(args);
  throw new UsageError(`There is no suite "${first}"; there are speed, quality, store, tiers and import.`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nSee --help.`);
  process.exitCode = 2;
}
