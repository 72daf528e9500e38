import { optionalPackage } from "../optional-package.js";
import type { EmbeddingProvider } from "./provider.js";

const MODEL = "Xenova/all-MiniLM-L6-v2";

/** Texts at a time: what a model pads to the longest of them. */
const BATCH = 16;

/** What is used of `@huggingface/transformers`. */
interface Transformers {
  pipeline(task: "feature-extraction", model: string): Promise<Extract>;
}

type Extract = (
  texts: readonly string[],
  options: { readonly pooling: "mean"; readonly normalize: true },
) => Promise<{ readonly dims: readonly number[]; readonly data: ArrayLike<number> }>;

/** Embeddings by a model in this process, which is downloaded the first time. */
export function transformersProvider(model = MODEL): EmbeddingProvider {
  const library = () => optionalPackage<Transformers>("@huggingface/transformers", "--embed transformers");
  let loading: Promise<Extract> | undefined;
  return {
    name: "transformers",
    model,
    async ready() {
      await library();
    },
    async embed(texts, signal) {
      loading ??= library().then(({ pipeline }) => pipeline("feature-extraction", model));
      const extract = await loading;
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += BATCH) {
        signal?.throwIfAborted();
        const { dims, data } = await extract(texts.slice(from, from + BATCH), { pooling: "mean", normalize: true });
        const dim = dims.at(-1) ?? 0;
        const values = Float32Array.from(data);
        for (let at = 0; at < values.length; at += dim) vectors.push(values.slice(at, at + dim));
      }
      return vectors;
    },
  };
}
