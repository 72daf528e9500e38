// A LangGraph store in a process of its own, which writes until it is killed. Argument: the file. It prints the number of each
// step of `langgraph-steps.ts` after it is done.
import { writeSync } from "node:fs";
import { ThermoclineStore } from "@thermocline/langchain/langgraph";
import { config, doStep } from "./langgraph-steps.js";

const store = new ThermoclineStore(config(process.argv[2] ?? ""));
await store.start();
writeSync(1, "open\n");
for (let n = 0; ; n++) {
  await doStep(store, n);
  writeSync(1, `${n}\n`);
}
