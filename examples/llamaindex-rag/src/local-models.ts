import {
  BaseEmbedding,
  BaseLLM,
  type ChatMessage,
  type ChatResponse,
  type ChatResponseChunk,
  extractText,
  type LLMChatParamsNonStreaming,
  type LLMChatParamsStreaming,
} from "llamaindex";
import type { Chat, Embed, Message } from "../../passages/src/models.js";

/** A function as a LlamaIndex embedding. */
export class LocalEmbedding extends BaseEmbedding {
  constructor(embed: Embed) {
    super();
    this.getTextEmbeddings = embed;
  }

  override async getTextEmbedding(text: string): Promise<number[]> {
    const [vector = []] = await this.getTextEmbeddings([text]);
    return vector;
  }
}

/** A function as a LlamaIndex language model, which streams as the function does. */
export class LocalLLM extends BaseLLM {
  readonly #chat: Chat;
  readonly metadata = {
    model: "local",
    temperature: 0,
    topP: 1,
    contextWindow: 32_768,
    tokenizer: undefined,
    structuredOutput: false,
  };

  constructor(chat: Chat) {
    super();
    this.#chat = chat;
  }

  override chat(params: LLMChatParamsStreaming): Promise<AsyncIterable<ChatResponseChunk>>;
  override chat(params: LLMChatParamsNonStreaming): Promise<ChatResponse>;
  override async chat({
    messages,
    stream,
  }: LLMChatParamsStreaming | LLMChatParamsNonStreaming): Promise<AsyncIterable<ChatResponseChunk> | ChatResponse> {
    const pieces = this.#chat(messages.map(plain));
    if (stream) return chunks(pieces);
    let content = "";
    for await (const piece of pieces) content += piece;
    return { raw: null, message: { role: "assistant", content } };
  }
}

async function* chunks(pieces: AsyncIterable<string>): AsyncGenerator<ChatResponseChunk> {
  for await (const delta of pieces) yield { raw: null, delta };
}

function plain({ role, content }: ChatMessage): Message {
  return { role: role === "system" || role === "assistant" ? role : "user", content: extractText(content) };
}
