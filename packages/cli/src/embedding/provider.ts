import { hashingVector } from "@thermocline/core";
import { misuse } from "../failure.js";
import { SERVICES, serviceProvider } from "./service.js";
import { transformersProvider } from "./transformers.js";

/** What makes vectors of texts. Vectors of different providers or models have nothing to do with each other. */
export interface EmbeddingProvider {
  readonly name: string;
  /** Undefined where a provider has one way only. */
  readonly model: string | undefined;
  /** Refuses, as `embed` would, where something is to be set up that can be seen without asking anyone. */
  ready(): Promise<void>;
  /** A vector for each text, in their order, all of one length. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
}

export const PROVIDERS = ["hashing", "openai", "ollama", "transformers"] as const;

/**
 * A provider by its name. `hashing` counts words, needs no model and works offline; `openai` and `ollama` ask a service, which the
 * environment variables `OPENAI_BASE_URL` with `OPENAI_API_KEY`, and `OLLAMA_HOST`, name; `transformers` runs a model in this process
 * by `@huggingface/transformers`, if that is installed. Nothing is asked or loaded before the first text.
 *
 * @throws `ARGUMENT` for a name that is none, and a model that is given to `hashing`; `embed` throws `ARGUMENT` where something is to be set
 * up, and `IO` where a service gives no vectors, after several attempts if that may pass
 * @example
 * const [vector] = await embeddingProvider("hashing").embed(["ocean currents"]);
 */
export function embeddingProvider(
  name: string,
  { model }: { readonly model?: string | undefined } = {},
): EmbeddingProvider {
  switch (name) {
    case "hashing":
      if (model !== undefined) misuse("hashing has no models; leave --model out.");
      return { name, model: undefined, ready: async () => {}, embed: async (texts) => texts.map(hashingVector) };
    case "openai":
    case "ollama":
      return serviceProvider(name, model ?? SERVICES[name].model);
    case "transformers":
      return transformersProvider(model);
    default:
      return misuse(`There is no embedding provider ${name}; give one of ${PROVIDERS.join(", ")}.`);
  }
}
