import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describeMachine } from "../../../examples/beir-scifact/src/machine.js";
import { loadKernel } from "../../../packages/core/src/kernel/load.js";
import { parseOptions } from "../options.js";
import { UsageError } from "../usage-error.js";
import { CASES } from "./cases.js";
import { type Measurement, measure } from "./measure.js";

/** What `--help` prints of this suite. */
export const HELP = `speed: milliseconds a query and bytes a row, on synthetic rows
  --json             print one JSON object and nothing else
  --check            run the small cases only
  --only TEXT        only cases whose name contains TEXT
  Fails where a case's overlap falls below its floor.
`;

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Runs a case in a process of its own, so that none profits from what another has warmed. */
async function inFreshProcess(name: string): Promise<Measurement> {
  const args = [...process.execArgv, MAIN, "speed", "--case", name];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Measurement;
}

/** Runs the suite, prints its rows and returns the exit code: 0, or 1 where an answer was wrong. */
export async function speed(args: readonly string[]): Promise<number> {
  const values = parseOptions(args, {
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    case: { type: "string" },
    help: { type: "boolean", default: false },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const only = CASES.filter(({ name }) =>
    values.case === undefined ? name.includes(values.only) : name === values.case,
  );
  const [single] = only;
  if (!single) {
    throw new UsageError(`No case is named like that; there are: ${CASES.map(({ name }) => name).join("; ")}.`);
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
  const { backend, isa, threads } = await loadKernel(undefined);
  const machine = await describeMachine({ backend, isa, threads });
  if (values.json) console.log(JSON.stringify({ machine, rows }));
  else console.table(rows);
  for (const line of failed) console.error(line);
  return failed.length > 0 ? 1 : 0;
}
