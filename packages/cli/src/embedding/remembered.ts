import type { Thermocline } from "@thermocline/core";
import { misuse } from "../failure.js";
import { type EmbeddingProvider, embeddingProvider } from "./provider.js";

/** Where a store's own settings are, beside everybody's records. */
export const SETTINGS = "thermocline.settings";

const ID = "embedding";

/** What a command line says of a provider. */
export interface EmbeddingFlags {
  readonly embed?: string | undefined;
  readonly model?: string | undefined;
}

/** The provider and the model that made a store's vectors, as its file says. */
export interface RememberedEmbedding {
  readonly provider: string;
  readonly model?: string;
}

/** What the file says of its vectors; undefined where nobody said it. */
export async function rememberedEmbedding(store: Thermocline): Promise<RememberedEmbedding | undefined> {
  const [record] = await store.get([ID], { namespace: SETTINGS });
  const { provider, model } = record?.metadata ?? {};
  if (typeof provider !== "string") return undefined;
  return typeof model === "string" ? { provider, model } : { provider };
}

/**
 * The provider that a store was filled with, as its file says; of a store without vectors the one that is asked for, or `hashing`, and
 * the file says so from then on. Undefined where nobody knows whose its vectors are, and for `none`.
 *
 * @throws `ARGUMENT` where another one is asked for than made the vectors that are there
 */
export async function providerOf(
  store: Thermocline,
  asked: EmbeddingFlags & { readonly readOnly?: boolean },
): Promise<EmbeddingProvider | undefined> {
  if (asked.embed === "none") return undefined;
  const { dim } = store.stats();
  const remembered = await rememberedEmbedding(store);
  if (remembered && dim !== undefined) return sameProvider(remembered, asked);
  // Before its first vector a store can still be anybody's.
  const name = asked.embed ?? remembered?.provider ?? (dim === undefined ? "hashing" : undefined);
  if (name === undefined) {
    if (asked.model !== undefined) misuse(`--model ${asked.model} is of no provider; give --embed, too.`);
    return undefined;
  }
  const before = name === remembered?.provider ? remembered.model : undefined;
  const provider = embeddingProvider(name, { model: asked.model ?? before });
  if (dim !== undefined) {
    const [probe] = await provider.embed(["dimension"]);
    if (probe?.length !== dim) {
      const made = `${name} makes ${probe?.length ?? 0}`;
      misuse(`The store holds vectors of ${dim}, and ${made}; give the provider that filled it, or none.`);
    }
  }
  if (asked.readOnly !== true) {
    const { model } = provider;
    const metadata = model === undefined ? { provider: name } : { provider: name, model };
    await store.upsert([{ id: ID, metadata }], { namespace: SETTINGS });
  }
  return provider;
}

function sameProvider({ provider, model }: RememberedEmbedding, asked: EmbeddingFlags): EmbeddingProvider {
  const called = (name: string, of: string | undefined) => (of === undefined ? name : `${name} (${of})`);
  const other =
    (asked.embed !== undefined && asked.embed !== provider) || (asked.model !== undefined && asked.model !== model);
  if (other) {
    const given = called(asked.embed ?? provider, asked.model);
    const why = `The store was filled by ${called(provider, model)}, and vectors of ${given} do not compare with its`;
    misuse(`${why}; leave ${asked.model === undefined ? "--embed" : "--embed and --model"} out, or use another file.`);
  }
  return embeddingProvider(provider, { model });
}
