import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { CASES } from "./cases.js";
import { type Measurement, measure } from "./measure.js";

const HELP = `Usage: npm run bench -- [--json] [--check] [--only TEXT]
  --json    print one JSON object and nothing else
  --check   run the small cases and fail where the overlap falls below its floor
  --only    only cases whose name contains TEXT`;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    case: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** Runs a case in a process of its own, so that none profits from what another has warmed. */
async function inFreshProcess(name: string): Promise<Measurement> {
  const main = fileURLToPath(import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, main, "--case", name]);
  return JSON.parse(stdout) as Measurement;
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const only = CASES.filter(({ name }) =>
    values.case === undefined ? name.includes(values.only) : name === values.case,
  );
  const [single] = only;
  if (!single) {
    console.error(`No case is named like that; there are: ${CASES.map(({ name }) => name).join("; ")}`);
    return 2;
  }
  if (values.case !== undefined) {
    console.log(JSON.stringify(await measure(single)));
    return 0;
  }
  const rows: Measurement[] = [];
  const failed: string[] = [];
  for (const test of only.filter(({ rows: size }) => !values.check || size <= 5_000)) {
    const row = await inFreshProcess(test.name);
    rows.push(row);
    if (row.overlap10 < test.overlap) failed.push(`${test.name}: overlap ${row.overlap10}, at least ${test.overlap}`);
  }
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  if (values.json) console.log(JSON.stringify({ machine, rows }));
  else console.table(rows);
  for (const line of failed) console.error(line);
  return failed.length > 0 ? 1 : 0;
}

process.exitCode = await main();
