import { sqliteDriver } from "#driver";
import { Catalogue } from "../catalogue/catalogue.js";
import { IN_MEMORY } from "../catalogue/open-connections.js";
import { loadKernel } from "../kernel/load.js";
import { Turns } from "../pace.js";
import { Heat, type Policy } from "../tiers/heat.js";
import type { OpenOptions } from "../types.js";
import { type Engine, hotCapacity } from "./engine.js";
import { Expiry } from "./expiry.js";
import { FieldIndexes } from "./field-indexes.js";
import { loadTiers } from "./load.js";
import { Masks } from "./masks.js";
import { checkOptions } from "./options.js";
import { Passes } from "./passes.js";
import { PlainRows } from "./plain-rows.js";
import { agree, oneOf, refuseDamaged, storedSettings } from "./settings.js";
import { repairTextIndex } from "./text-index.js";
import { validDim, validPath, validReadOnly } from "./validate.js";

/** Opens the catalogue, makes it if it is new, and loads what is in it. With `bytes`, a file's, it is in memory. */
export async function openEngine(options: OpenOptions, bytes?: Uint8Array, policy?: Policy): Promise<Engine> {
  checkOptions(bytes ? "fromBytes" : "open", options);
  if (options.hot !== undefined) checkOptions("hot", options.hot);
  if (options.cold !== undefined) checkOptions("cold", options.cold);
  if (options.path !== undefined) validPath(options.path);
  const given = options.dim === undefined ? undefined : validDim(options.dim);
  const durability = oneOf("durability", options.durability ?? "full", ["full", "normal"]);
  const readOnly = validReadOnly(options);
  const kernel = await loadKernel(options.kernel, options.wasm);
  const catalogue = await Catalogue.open(
    sqliteDriver(options.wasm?.sqlite),
    bytes ? { bytes } : { path: options.path, durability, readOnly },
    kernel.checksum,
    () => {
      agree(options, given, new Map());
    },
  );
  try {
    const before = catalogue.reader.settings();
    refuseDamaged(options.path ?? IN_MEMORY, before);
    let settings = agree(options, given, before);
    if (!readOnly && (before.size === 0 || (given !== undefined && !before.has("dim")))) {
      await catalogue.write((transaction) => {
        // Another process may have been first.
        settings = agree(options, given, transaction.settings());
        for (const [key, value] of storedSettings(settings)) transaction.setSetting(key, value);
        if (given !== undefined) transaction.setSetting("dim", String(given));
      });
    }
    const indexes = new FieldIndexes(catalogue, settings.indexedFields);
    const engine: Engine = {
      kernel,
      catalogue,
      settings,
      heat: new Heat(() => hotCapacity(engine), policy),
      turns: new Turns(),
      passes: new Passes(kernel, settings.threads),
      expiry: new Expiry(),
      indexes,
      masks: new Masks(indexes),
      namespaces: new Map(),
      partitions: new Map(),
      plain: new PlainRows(),
      dim: undefined,
      codebook: undefined,
      demotions: 0,
      promotions: 0,
      served: { hot: 0, cold: 0 },
    };
    await catalogue.follow(() => loadTiers(engine));
    await catalogue.refuseDamage();
    await repairTextIndex(engine);
    return engine;
  } catch (error) {
    await catalogue.close();
    throw error;
  }
}
