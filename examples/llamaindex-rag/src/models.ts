import type { BaseEmbedding, LLM } from "llamaindex";
import {
  hashingEmbed,
  quotingChat,
  type Transformers,
  transformersChat,
  transformersEmbed,
} from "../../passages/src/local-models.js";
import { chosenModel, optional, required, running } from "../../passages/src/models.js";
import { LocalEmbedding, LocalLLM } from "./local-models.js";

export interface Models {
  readonly embeddingModel: string;
  readonly embedModel: BaseEmbedding;
  readonly llm: LLM;
}

type Constructor<Made> = new (options: { model: string }) => Made;

/** What is used of `@llamaindex/openai`. */
interface OpenAIPackage {
  readonly OpenAIEmbedding: Constructor<BaseEmbedding>;
  readonly OpenAI: Constructor<LLM>;
}

/** What is used of `@llamaindex/ollama`. */
interface OllamaPackage {
  readonly OllamaEmbedding: Constructor<BaseEmbedding>;
  readonly Ollama: new (options: { model: string; options: { num_ctx: number } }) => LLM;
}

const installed = <Package>(name: string, version: string) =>
  optional<Package>(name, version, (specifier) => import(specifier), "llamaindex-rag");

/** The models that the environment variable `MODEL` names. */
export async function chooseModels(): Promise<Models> {
  switch (chosenModel()) {
    case "openai": {
      required("OPENAI_API_KEY");
      const { OpenAIEmbedding, OpenAI } = await installed<OpenAIPackage>("@llamaindex/openai", "0.4.22");
      const embeddingModel = "text-embedding-3-small";
      const embedModel = new OpenAIEmbedding({ model: embeddingModel });
      return { embeddingModel, embedModel, llm: new OpenAI({ model: "gpt-4.1-mini" }) };
    }
    case "ollama": {
      const { OllamaEmbedding, Ollama } = await installed<OllamaPackage>("@llamaindex/ollama", "0.1.23");
      const embeddingModel = "nomic-embed-text";
      await running("Ollama", "http://127.0.0.1:11434");
      const embedModel = new OllamaEmbedding({ model: embeddingModel });
      // Where the passages take more than some third of the context window, LlamaIndex's memory leaves out the question.
      return { embeddingModel, embedModel, llm: new Ollama({ model: "llama3.2", options: { num_ctx: 16_384 } }) };
    }
    case "transformers": {
      const transformers = await installed<Transformers>("@huggingface/transformers", "4.3.1");
      const embedModel = new LocalEmbedding(await transformersEmbed(transformers));
      return {
        embeddingModel: "all-MiniLM-L6-v2",
        embedModel,
        llm: new LocalLLM(await transformersChat(transformers)),
      };
    }
    case "offline":
      return {
        embeddingModel: "hashing",
        embedModel: new LocalEmbedding(hashingEmbed),
        llm: new LocalLLM(quotingChat),
      };
  }
}
