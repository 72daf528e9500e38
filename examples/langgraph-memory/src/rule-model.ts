import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { wordsOf } from "../../passages/src/hashing.js";

/**
 * A chat model that decides by rules: it recalls when it is asked a question, remembers what it is told, and says what came of it.
 * It needs no network; it also remembers what is not worth remembering.
 */
export class RuleModel extends BaseChatModel {
  constructor() {
    super({});
  }

  override _llmType(): string {
    return "rules";
  }

  /** The rules name the tools themselves. */
  override bindTools(): this {
    return this;
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const message = answerTo(messages);
    return { generations: [{ message, text: message.text }] };
  }
}

function answerTo(messages: readonly BaseMessage[]): AIMessage {
  const last = messages.at(-1);
  const said = messages.findLast(({ type }) => type === "human")?.text ?? "";
  if (last?.type === "tool") {
    if (last.name === "remember") return new AIMessage(`I will remember: ${last.text}`);
    const words = wordsOf(said);
    const known = last.text.split("\n").find((fact) => wordsOf(fact).some((word) => words.includes(word)));
    return new AIMessage(known ? `You told me: ${known}` : "You have not told me that.");
  }
  if (said.endsWith("?")) return call("recall", { about: said });
  return call("remember", { fact: said.replace(/^(please )?remember( that)?[:,]? /i, "") });
}

function call(name: string, args: Record<string, string>): AIMessage {
  return new AIMessage({ content: "", tool_calls: [{ name, args, id: crypto.randomUUID(), type: "tool_call" }] });
}
