import { BaseCache, deserializeStoredGeneration, serializeGeneration } from "@langchain/core/caches";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { Generation } from "@langchain/core/outputs";
import { sha256 } from "@langchain/core/utils/hash";
import { type OpenOptions, type StoredRecord, type Thermocline, ThermoclineError } from "@thermocline/core";
import { LazyStore } from "./lazy-store.js";

/** Vectors of prompts that are kept between a look-up that finds nothing and the update that follows it. */
const REMEMBERED = 64;

/**
 * How a semantic cache answers.
 *
 * @example
 * const options: SemanticCacheOptions = { scoreThreshold: 0.9, ttl: 24 * 60 * 60 * 1000 };
 */
export interface SemanticCacheOptions {
  /**
   * How similar a prompt must be at least to one that was answered before, as a cosine from -1 to 1. Default 0.95. What is right
   * hangs on the embedding model: too low, and questions get the answers of others.
   */
  readonly scoreThreshold?: number | undefined;
  /** For how many milliseconds an answer is found. Default: always. */
  readonly ttl?: number | undefined;
  /** Default `"llm-cache"`. It should hold nothing else. */
  readonly namespace?: string | undefined;
}

/** How to open a semantic cache: the options of `Thermocline.open`, and how it answers. Without `path` it lives in memory. */
export interface SemanticCacheConfig extends Omit<OpenOptions, "metric">, SemanticCacheOptions {}

/**
 * A cache of a model's answers that finds them again for prompts that mean the same. The model and its settings (LangChain's
 * `llmKey`) must be exactly those that answered; only the prompt is compared by meaning. A prompt that was asked word for word
 * before is found without embedding it.
 *
 * @example
 * const cache = new ThermoclineSemanticCache(embeddings, { path: "cache.db", scoreThreshold: 0.9 });
 * const model = new ChatOpenAI({ model: "gpt-4o-mini", cache });
 */
export class ThermoclineSemanticCache extends BaseCache {
  readonly #embeddings: EmbeddingsInterface;
  readonly #scoreThreshold: number;
  readonly #ttl: number | undefined;
  readonly #namespace: string;
  readonly #vectors = new Map<string, Promise<number[]>>();
  #store: LazyStore;

  constructor(embeddings: EmbeddingsInterface, config: SemanticCacheConfig = {}) {
    super();
    const { scoreThreshold = 0.95, ttl, namespace = "llm-cache", ...options } = config;
    if (!(scoreThreshold >= -1 && scoreThreshold <= 1)) {
      const rule = "give a cosine from -1 to 1";
      throw new ThermoclineError("ARGUMENT", `scoreThreshold is ${String(scoreThreshold)}; ${rule}.`);
    }
    if (ttl !== undefined && !(ttl > 0)) {
      throw new ThermoclineError("ARGUMENT", `ttl is ${String(ttl)}; give a number of milliseconds above 0.`);
    }
    this.#embeddings = embeddings;
    this.#scoreThreshold = scoreThreshold;
    this.#ttl = ttl;
    this.#namespace = namespace;
    this.#store = LazyStore.of("semantic cache", { ...options, metric: "cosine" });
  }

  /**
   * A cache in a store that is open already, which stays yours to close. Its metric must be `cosine`.
   *
   * @throws `ARGUMENT` for another metric, or bad options
   * @example
   * const cache = ThermoclineSemanticCache.fromExistingStore(embeddings, await vectors.thermocline());
   */
  static fromExistingStore(
    embeddings: EmbeddingsInterface,
    thermocline: Thermocline,
    options: SemanticCacheOptions = {},
  ): ThermoclineSemanticCache {
    const { scoreThreshold, ttl, namespace } = options;
    const cache = new ThermoclineSemanticCache(embeddings, { scoreThreshold, ttl, namespace });
    cache.#store = LazyStore.lentCosine("semantic cache", thermocline);
    return cache;
  }

  /** The underlying store, opened if it is not yet. */
  async thermocline(): Promise<Thermocline> {
    return this.#store.open();
  }

  /**
   * What the model answered to this prompt, or to the most similar one that reaches the threshold; null where there is none.
   *
   * @throws what the embeddings throw, `DIMENSION`, `ZERO_VECTOR`, `CLOSED`
   * @example
   * const generations = await cache.lookup("What is the capital of France?", llmKey);
   */
  override async lookup(prompt: string, llmKey: string): Promise<Generation[] | null> {
    const store = await this.#store.open();
    const namespace = this.#namespace;
    const [same] = await store.get([idOf(prompt, llmKey)], { namespace });
    if (same) return generationsOf(same);
    // There is nothing to compare with in an empty cache, so nothing to pay an embedding for.
    const filter = { llm: sha256(llmKey) };
    if ((await store.count(filter, { namespace })) === 0) return null;
    const vector = await this.#vectorOf(prompt);
    const [hit] = await store.query({ vector, k: 1, filter, minScore: this.#scoreThreshold, namespace });
    return hit ? generationsOf(hit) : null;
  }

  /**
   * Remembers what the model answered, in the place of what it answered to the same prompt before.
   *
   * @throws what the embeddings throw, `DIMENSION`, `ZERO_VECTOR`, `IO`, `CLOSED`
   * @example
   * await cache.update(prompt, llmKey, [{ text: "Paris" }]);
   */
  override async update(prompt: string, llmKey: string, value: Generation[]): Promise<void> {
    const generations = JSON.stringify(value.map(serializeGeneration));
    const store = await this.#store.open();
    const vector = await this.#vectorOf(prompt);
    this.#vectors.delete(prompt);
    const metadata = { llm: sha256(llmKey), generations };
    await store.upsert([{ id: idOf(prompt, llmKey), vector, text: prompt, metadata }], {
      namespace: this.#namespace,
      ttl: this.#ttl,
    });
  }

  /**
   * Forgets all answers, or those of one model.
   *
   * @example
   * await cache.clear();
   */
  async clear(llmKey?: string): Promise<void> {
    const store = await this.#store.open();
    const selection = llmKey === undefined ? { all: true as const } : { filter: { llm: sha256(llmKey) } };
    await store.delete(selection, { namespace: this.#namespace });
  }

  /** Closes the cache, or only this view of it when it came from `fromExistingStore`. Calls after it reject with `CLOSED`. */
  async close(): Promise<void> {
    await this.#store.close();
  }

  /** Prompts are compared with prompts, so both are embedded as queries are. */
  #vectorOf(prompt: string): Promise<number[]> {
    const known = this.#vectors.get(prompt);
    if (known) return known;
    const vector = this.#embeddings.embedQuery(prompt);
    this.#vectors.set(prompt, vector);
    vector.catch(() => this.#vectors.delete(prompt));
    for (const oldest of this.#vectors.keys()) {
      if (this.#vectors.size <= REMEMBERED) break;
      this.#vectors.delete(oldest);
    }
    return vector;
  }
}

/** A prompt's record under a model. As JSON, so that no two pairs are one text. */
function idOf(prompt: string, llmKey: string): string {
  return sha256(JSON.stringify([prompt, llmKey]));
}

function generationsOf({ id, metadata }: StoredRecord): Generation[] {
  const { generations } = metadata;
  if (typeof generations === "string") return JSON.parse(generations).map(deserializeStoredGeneration);
  throw new ThermoclineError("ARGUMENT", `The record ${id} holds no answers; give the cache a namespace of its own.`);
}
