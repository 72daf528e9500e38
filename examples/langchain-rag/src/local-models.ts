import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { Embeddings } from "@langchain/core/embeddings";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import type { Chat, Embed, Message } from "../../passages/src/models.js";

/** A function as LangChain embeddings. */
export class LocalEmbeddings extends Embeddings {
  readonly #embed: Embed;

  constructor(embed: Embed) {
    super({});
    this.#embed = embed;
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    return this.#embed(texts);
  }

  override async embedQuery(text: string): Promise<number[]> {
    const [vector = []] = await this.#embed([text]);
    return vector;
  }
}

/** A function as a LangChain chat model, which streams as the function does. */
export class LocalChatModel extends BaseChatModel {
  readonly #chat: Chat;

  constructor(chat: Chat) {
    super({});
    this.#chat = chat;
  }

  override _llmType(): string {
    return "local";
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    let text = "";
    for await (const piece of this.#chat(messages.map(plain))) text += piece;
    return { generations: [{ text, message: new AIMessage(text) }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    _options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for await (const text of this.#chat(messages.map(plain))) {
      const chunk = new ChatGenerationChunk({ text, message: new AIMessageChunk(text) });
      yield chunk;
      await runManager?.handleLLMNewToken(text, undefined, undefined, undefined, undefined, { chunk });
    }
  }
}

function plain(message: BaseMessage): Message {
  const role = message.type === "system" ? "system" : message.type === "ai" ? "assistant" : "user";
  return { role, content: message.text };
}
