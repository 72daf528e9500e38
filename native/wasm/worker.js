// A worker thread of Node: runs calls of one module, one after the other, in an instance of its own.
import { parentPort, workerData } from "node:worker_threads";
import { Runner } from "./runner.js";

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
const { name, module } = workerData;
const binding = await (name === "search" ? import("./dist/search.js") : import("./dist/calibrate.js"));
binding.initSync({ module });
const runner = new Runner(binding);

/** @param {number} done */
function progress(done) {
  port.postMessage({ done });
  return true;
}

port.on("message", ({ watched, ...call }) => {
  try {
    const value = runner.run(call, watched ? progress : undefined);
    port.postMessage({ value }, [value.buffer]);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    port.postMessage({ failed: message, trapped: name === "RuntimeError" || name === "RangeError" });
  }
});
