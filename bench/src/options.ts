import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "./usage-error.js";

type Options = NonNullable<ParseArgsConfig["options"]>;

type Values<T extends Options> = ReturnType<typeof parseArgs<{ strict: true; options: T }>>["values"];

/** The values of a suite's options, which are given as `parseArgs` takes them; throws UsageError on any other word. */
export function parseOptions<const T extends Options>(args: readonly string[], options: T): Values<T> {
  try {
    return parseArgs({ args: [...args], strict: true, options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The number that an option's value says, a whole one from 1 on; throws UsageError on anything else. */
export function positive(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`${option} takes whole numbers from 1, not "${text}".`);
}
