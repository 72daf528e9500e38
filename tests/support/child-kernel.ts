// Opens a store in a process of its own, moves all of its rows down, asks for one, and sends the outcome to the parent. Arguments:
// the address of core's entry, and an `Order` as JSON.
import { readFile } from "node:fs/promises";
import type { OpenOptions, ThermoclineError } from "@thermocline/core";
import type { Order, Outcome } from "./installation.js";
import { records } from "./synthetic.js";

const [entry = "", given = "{}"] = process.argv.slice(2);
const { kernel, modules, again }: Order = JSON.parse(given);
const { Thermocline } = (await import(entry)) as typeof import("@thermocline/core");

const DIM = 16;
const module = (name: string) => new URL(`../../native/wasm/dist/${name}_bg.wasm`, import.meta.url);
const bytes = (name: string) => readFile(module(name));
const noise = Uint8Array.from({ length: 1_000 }, (_, i) => i);
/** A module of nothing. */
const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

const sources: Readonly<Record<NonNullable<Order["modules"]>, () => OpenOptions["wasm"]>> = {
  bytes: () => ({ search: bytes("search"), calibrate: () => bytes("calibrate") }),
  url: () => ({ search: module("search"), calibrate: module("calibrate").href }),
  response: () => ({ search: response("search"), calibrate: () => response("calibrate") }),
  module: () => ({ search: compiled("search"), calibrate: compiled("calibrate") }),
  "none of ours": () => ({ search: empty }),
  noise: () => ({ search: noise }),
  "noise to calibrate": () => ({ search: bytes("search"), calibrate: noise }),
};

/** As `fetch` gives it. */
async function response(name: string): Promise<Response> {
  const base64 = (await bytes(name)).toString("base64");
  return fetch(`data:application/wasm;base64,${base64}`);
}

async function compiled(name: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await bytes(name));
}

async function outcome(options: OpenOptions): Promise<Outcome> {
  try {
    const store = await Thermocline.open({ ...options, cold: { bytes: 4, effort: "fast" } });
    const all = records(300, DIM);
    await store.upsert(all);
    await store.demote({ all: true });
    const hits = await store.query({ vector: all[7]?.vector ?? [], k: 1 });
    const { kernel } = store.stats();
    await store.close();
    return { kernel, found: hits.map(({ id }) => id) };
  } catch (error) {
    const { code, message } = error as ThermoclineError;
    return { code, message };
  }
}

const chosen = kernel === undefined ? {} : { kernel: kernel as "wasm" };
process.send?.(await outcome({ ...chosen, ...(modules && { wasm: sources[modules]() }) }));
if (again) process.send?.(await outcome({ ...chosen, wasm: sources.bytes() }));
