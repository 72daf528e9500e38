import { ThermoclineError } from "@thermocline/core";

/** The code that a call fails with; undefined when it does not. */
export async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error instanceof ThermoclineError ? error.code : String(error);
  }
}
