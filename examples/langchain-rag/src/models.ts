import type { Embeddings } from "@langchain/core/embeddings";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import {
  hashingEmbed,
  quotingChat,
  type Transformers,
  transformersChat,
  transformersEmbed,
} from "../../passages/src/local-models.js";
import { chosenModel, optional, required, running } from "../../passages/src/models.js";
import { LocalChatModel, LocalEmbeddings } from "./local-models.js";

export interface Models {
  readonly embeddingModel: string;
  readonly embeddings: Embeddings;
  readonly chat: BaseChatModel;
}

type Constructor<Made> = new (options: { model: string }) => Made;

/** What is used of `@langchain/openai`. */
interface OpenAI {
  readonly OpenAIEmbeddings: Constructor<Embeddings>;
  readonly ChatOpenAI: Constructor<BaseChatModel>;
}

/** What is used of `@langchain/ollama`. */
interface Ollama {
  readonly OllamaEmbeddings: Constructor<Embeddings>;
  readonly ChatOllama: Constructor<BaseChatModel>;
}

const installed = <Package>(name: string, version: string) =>
  optional<Package>(name, version, (specifier) => import(specifier), "langchain-rag");

/** The models that the environment variable `MODEL` names. */
export async function chooseModels(): Promise<Models> {
  switch (chosenModel()) {
    case "openai": {
      required("OPENAI_API_KEY");
      const { OpenAIEmbeddings, ChatOpenAI } = await installed<OpenAI>("@langchain/openai", "1.6.0");
      const embeddingModel = "text-embedding-3-small";
      const embeddings = new OpenAIEmbeddings({ model: embeddingModel });
      return { embeddingModel, embeddings, chat: new ChatOpenAI({ model: "gpt-4.1-mini" }) };
    }
    case "ollama": {
      const { OllamaEmbeddings, ChatOllama } = await installed<Ollama>("@langchain/ollama", "1.3.0");
      const embeddingModel = "nomic-embed-text";
      await running("Ollama", "http://127.0.0.1:11434");
      const embeddings = new OllamaEmbeddings({ model: embeddingModel });
      return { embeddingModel, embeddings, chat: new ChatOllama({ model: "llama3.2" }) };
    }
    case "transformers": {
      const transformers = await installed<Transformers>("@huggingface/transformers", "4.3.1");
      const embeddings = new LocalEmbeddings(await transformersEmbed(transformers));
      const chat = new LocalChatModel(await transformersChat(transformers));
      return { embeddingModel: "all-MiniLM-L6-v2", embeddings, chat };
    }
    case "offline": {
      const embeddings = new LocalEmbeddings(hashingEmbed);
      return { embeddingModel: "hashing", embeddings, chat: new LocalChatModel(quotingChat) };
    }
  }
}
