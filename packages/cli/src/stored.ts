import { existsSync } from "node:fs";
import { type OpenOptions, Thermocline, ThermoclineError } from "@thermocline/core";

/** Does `work` with a store that is there, and closes it whatever happens: only `import` makes one. */
export async function withStore<T>(
  path: string,
  options: Omit<OpenOptions, "path">,
  work: (store: Thermocline) => Promise<T>,
): Promise<T> {
  if (!existsSync(path)) {
    const how = `make one with: thermocline import ${path} corpus.jsonl --vectors documents.npy`;
    throw new ThermoclineError("IO", `There is no file ${path}; give the path of a store, or ${how}.`);
  }
  const store = await Thermocline.open({ path, ...options });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
