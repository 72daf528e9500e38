// A worker thread of Node: runs calls of one module, one after the other, in an instance of its own.
import { parentPort, workerData } from "node:worker_threads";

/**
 * @typedef {Record<string, (...args: unknown[]) => { readonly buffer: ArrayBuffer }>} Methods
 * @typedef {{ key: number, type: string, parts: unknown[] }} Recipe an object to call methods of; equal keys are the same object
 * @typedef {{ on?: Recipe, method: string, args: unknown[], watched: boolean }} Call
 */

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
const { name, module } = workerData;
const binding = await (name === "search" ? import("./dist/search.js") : import("./dist/calibrate.js"));
binding.initSync({ module });

/** Objects that calls were made on, the last used at the end. A codec is costly to make anew, and large. */
const objects = new Map();
const KEPT = 4;

/**
 * @param {Recipe} recipe
 * @returns {Methods}
 */
function object({ key, type, parts }) {
  const types = /** @type {Record<string, new (...parts: unknown[]) => Methods>} */ (/** @type {unknown} */ (binding));
  const found = objects.get(key) ?? new /** @type {NonNullable<typeof types[string]>} */ (types[type])(...parts);
  objects.delete(key);
  objects.set(key, found);
  for (const [old, unused] of [...objects].slice(0, -KEPT)) {
    objects.delete(old);
    unused.free();
  }
  return found;
}

/** @param {number} done */
function progress(done) {
  port.postMessage({ done });
  return true;
}

/** @param {Call} call */
function run({ on, method, args, watched }) {
  const target = on ? object(on) : /** @type {Methods} */ (/** @type {unknown} */ (binding));
  const value = target[method]?.(...args, ...(watched ? [progress] : []));
  if (value === undefined) throw new TypeError(`${name} has no ${method}`);
  return value;
}

port.on("message", (call) => {
  try {
    const value = run(call);
    port.postMessage({ value }, [value.buffer]);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    port.postMessage({ failed: message, trapped: name === "RuntimeError" || name === "RangeError" });
  }
});
