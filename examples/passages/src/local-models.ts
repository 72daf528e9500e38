import { quote } from "./citing.js";
import { hashed } from "./hashing.js";
import type { Chat, Embed, Message } from "./models.js";

/** Feature hashing in the place of an embedding model. */
export const hashingEmbed: Embed = async (texts) => texts.map(hashed);

/** Quotations in the place of a language model. The question is the user's last message, the passages are in the others. */
export const quotingChat: Chat = async function* (messages) {
  const prompt = messages.map(({ content }) => content).join("\n\n");
  const question = messages.findLast(({ role }) => role === "user")?.content ?? "";
  yield* quote(prompt, question).match(/\S+\s*/g) ?? [];
};

/** What is used of `@huggingface/transformers`, which runs models in this process. */
export interface Transformers {
  pipeline(
    task: "feature-extraction",
    model: string,
  ): Promise<(texts: string[], options: { pooling: "mean"; normalize: boolean }) => Promise<{ tolist(): number[][] }>>;
  pipeline(
    task: "text-generation",
    model: string,
    options: { dtype: "q4" },
  ): Promise<(messages: Message[], options: { max_new_tokens: number }) => Promise<{ generated_text: Message[] }[]>>;
}

/** Embeddings by a small model, which is downloaded the first time. */
export async function transformersEmbed({ pipeline }: Transformers): Promise<Embed> {
  const extract = await pipeline("feature-extraction", "Xenova/all-MiniLM-L6-v2");
  return async (texts) => (await extract(texts, { pooling: "mean", normalize: true })).tolist();
}

/** Answers by a small language model, which is downloaded the first time. */
export async function transformersChat({ pipeline }: Transformers): Promise<Chat> {
  const generate = await pipeline("text-generation", "onnx-community/Qwen2.5-0.5B-Instruct", { dtype: "q4" });
  return async function* (messages) {
    const [result] = await generate(messages, { max_new_tokens: 400 });
    yield result?.generated_text.at(-1)?.content ?? "";
  };
}
