// A store in a process of its own. Arguments: the file, and the options of `open` as JSON. Each line of input is a call,
// `[method, ...arguments]`; each is answered by a line, `{ result }` or `{ code, message }`, in the order of the calls. A third
// argument is the number of the user that the store is opened as.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { type OpenOptions, Thermocline, ThermoclineError } from "@thermocline/core";

const [path = "", options = "{}", user] = process.argv.slice(2);
const answer = (value: unknown) => writeSync(1, `${JSON.stringify(value)}\n`);

try {
  if (user !== undefined) {
    // All that is loaded when it is needed, while this process may read it.
    await (await Thermocline.open()).close();
    process.setgid?.(Number(user));
    process.setuid?.(Number(user));
  }
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
