/** Embeds texts, each as a vector. */
export type Embed = (texts: string[]) => Promise<number[][]>;

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Answers the last message, piece by piece. */
export type Chat = (messages: Message[]) => AsyncIterable<string>;

/** What `MODEL` chooses from. */
export const MODELS = ["offline", "openai", "ollama", "transformers"] as const;

/** Something is missing that the person at the terminal can set right; the message says how. */
export class SetUpError extends Error {}

/** The choice that the environment variable `MODEL` makes, by default `offline`. */
export function chosenModel(): (typeof MODELS)[number] {
  const name = process.env["MODEL"] || "offline";
  const known = MODELS.find((model) => model === name);
  if (known === undefined) throw new SetUpError(`MODEL is "${name}"; it may be one of ${MODELS.join(", ")}.`);
  return known;
}

/** An environment variable that must be set, such as a key. */
export function required(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new SetUpError(`MODEL=${chosenModel()} needs ${variable} in the environment.`);
  return value;
}

/**
 * A package that is installed only by those who want it: `version` goes with what is installed, and `Package` is what of it is used.
 * `load` is `(name) => import(name)` in the file that wants it, so that it is looked for from there.
 */
export async function optional<Package>(
  name: string,
  version: string,
  load: (name: string) => Promise<unknown>,
  example: string,
): Promise<Package> {
  try {
    return (await load(name)) as Package;
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND";
    if (!isMissing || !cause.message.includes(`'${name}'`)) throw cause;
    const install = `npx pnpm@10.34.9 --filter ./examples/${example} add ${name}@${version}`;
    throw new SetUpError(`MODEL=${chosenModel()} needs the package ${name}. To install it:\n  ${install}`, { cause });
  }
}

/** A server that must answer. */
export async function running(name: string, url: string): Promise<void> {
  try {
    await fetch(url);
  } catch (cause) {
    throw new SetUpError(`MODEL=${chosenModel()} needs ${name}, but nothing answers at ${url}.`, { cause });
  }
}
