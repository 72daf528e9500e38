import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);

/** A peer's package, of which `T` says what we call: it may not be installed, so its own types are not used. */
export async function load<T>(name: string): Promise<T> {
  return import(pathToFileURL(require.resolve(name)).href);
}
