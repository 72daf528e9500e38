import { ThermoclineError } from "../errors.js";
import type { SentError } from "./protocol.js";

/** An error on its way to the page. */
export function sentError(error: unknown): SentError {
  const { name, message, cause } = error instanceof Error ? error : new Error(String(error));
  const code = error instanceof ThermoclineError ? error.code : undefined;
  return { code, name, message, cause: cause === undefined ? undefined : String(cause) };
}

/** The same error in the page. */
export function receivedError({ code, name, message, cause }: SentError, reason?: unknown): Error {
  const why = reason ?? cause;
  const options = why === undefined ? undefined : { cause: why };
  if (code !== undefined) return new ThermoclineError(code, message, options);
  return Object.assign(new Error(message, options), { name });
}
