import { ThermoclineError } from "../errors.js";
import { throwIfAborted } from "../pace.js";
import { checkOptions } from "../store/options.js";
import { integer, shown } from "../store/settings.js";
import type { Progress } from "../types.js";
import { calibrateFromVectors } from "./calibrate-vectors.js";
import { checkTexts } from "./calibration-texts.js";
import type { SpectralRotation } from "./rotation.js";

/** LangChain.js's embeddings, as far as calibration calls them: `EmbeddingsInterface` of `@langchain/core` fits. */
export interface DocumentEmbeddings {
  embedDocuments(texts: string[]): Promise<number[][]>;
}

/** LlamaIndex.TS's embeddings, as far as calibration calls them: `BaseEmbedding` fits. */
export interface TextEmbeddings {
  getTextEmbedding(text: string): Promise<number[]>;
  getTextEmbeddings?(texts: string[]): Promise<number[][]>;
  getTextEmbeddingsBatch?(texts: string[]): Promise<number[][]>;
}

/** Options of `calibrateFromEmbeddings`. */
export interface CalibrateEmbeddingsOptions {
  /** Texts a call to the embedding model, from 1. Default 64. */
  readonly batchSize?: number | undefined;
  /** Aborting rejects with code `ABORTED` before the next batch is embedded. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch, with phase `calibrate` and counts of texts. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

type Embed = (texts: string[]) => Promise<readonly ArrayLike<number>[]>;

function embedderOf(embeddings: DocumentEmbeddings | TextEmbeddings): Embed {
  const { embedDocuments, getTextEmbeddingsBatch, getTextEmbeddings, getTextEmbedding } = (embeddings ?? {}) as Partial<
    DocumentEmbeddings & TextEmbeddings
  >;
  const many = [embedDocuments, getTextEmbeddingsBatch, getTextEmbeddings].find((call) => typeof call === "function");
  if (many) return (texts) => many.call(embeddings, texts);
  if (typeof getTextEmbedding === "function") {
    return (texts) => Promise.all(texts.map((text) => getTextEmbedding.call(embeddings, text)));
  }
  const rule = "give LangChain's (embedDocuments) or LlamaIndex's (getTextEmbedding)";
  throw new ThermoclineError("ARGUMENT", `The embeddings are ${shown(embeddings)} that embeds no texts; ${rule}.`);
}

/**
 * The rotation of an embedding model: SpectralQuant's calibration with whole embeddings in place of a layer's keys. Texts
 * are embedded in batches, one after the other, and each text counts once. What the model throws comes through as it is.
 *
 * @param embeddings - LangChain's, LlamaIndex's, or an object with the method that either is known by
 * @param texts - one or more, best of the kind that will be stored, and more of them than the embedding has dimensions:
 *   with fewer, the last directions are arbitrary and their eigenvalues zero
 * @returns one rotation, named `embedding`, whose headDim is the embedding's length
 * @throws `ARGUMENT` for bad options and texts and for embeddings that leave out a text; `DIMENSION` for embeddings of
 *   several lengths; `NOT_FINITE` for NaN or infinity; `ABORTED`
 * @example
 * const embeddings = { embedDocuments: async (texts: string[]) => texts.map((text) => [text.length, text.split(" ").length]) };
 * const rotation = await calibrateFromEmbeddings(embeddings, ["warm water rises", "cold water sinks", "ice floats"]);
 * rotation.headDim; // 2
 */
export async function calibrateFromEmbeddings(
  embeddings: DocumentEmbeddings | TextEmbeddings,
  texts: readonly string[],
  options: CalibrateEmbeddingsOptions = {},
): Promise<SpectralRotation> {
  checkOptions("calibrateFromEmbeddings", options);
  const embed = embedderOf(embeddings);
  checkTexts(texts);
  const { signal, onProgress } = options;
  const batchSize = integer("batchSize", options.batchSize ?? 64, 1, 2 ** 16);
  const vectors: ArrayLike<number>[] = [];
  for (let at = 0; at < texts.length; at += batchSize) {
    throwIfAborted(signal);
    const batch = texts.slice(at, at + batchSize);
    const embedded: unknown = await embed(batch);
    if (!Array.isArray(embedded) || embedded.length !== batch.length) {
      const given = Array.isArray(embedded) ? `${embedded.length} vectors` : shown(embedded);
      throw new ThermoclineError("ARGUMENT", `The embeddings gave ${given} for ${batch.length} texts.`);
    }
    vectors.push(...embedded);
    onProgress?.({ phase: "calibrate", done: vectors.length, total: texts.length });
  }
  throwIfAborted(signal);
  const [rotation] = await calibrateFromVectors([vectors], { layerNames: ["embedding"] });
  return rotation!;
}
