// A store in a process of its own. Arguments: the file, and the options of `open` as JSON. Each line of input is a call,
// `[method, ...arguments]`; each is answered by a line, `{ result }` or `{ code, message }`, in the order of the calls.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { type OpenOptions, Thermocline, ThermoclineError } from "@thermocline/core";

const [path = "", options = "{}"] = process.argv.slice(2);
const answer = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

try {
  const store = await Thermocline.open({ path, ...(JSON.parse(options) as OpenOptions) });
  answer({ result: "open" });
  for await (const line of createInterface({ input: process.stdin })) {
    const [method, ...args] = JSON.parse(line) as [string, ...unknown[]];
    const call = store[method as "upsert"].bind(store) as (...args: unknown[]) => Promise<unknown>;
    try {
      answer({ result: (await call(...args)) ?? null });
    } catch (error) {
      answer({ code: error instanceof ThermoclineError ? error.code : "OTHER", message: String(error) });
    }
  }
} catch (error) {
  answer({ code: error instanceof ThermoclineError ? error.code : "OTHER", message: String(error) });
}
