import { ErrorCategory, ErrorDomain, MastraError } from "@mastra/core/error";
import { createVectorErrorId } from "@mastra/core/storage";
import { type ErrorCode, ThermoclineError } from "@thermocline/core";

/** Failures that lie with the machine or the file, not with what was given. */
const OF_THE_SYSTEM: ReadonlySet<ErrorCode> = new Set(["FORMAT", "VERSION", "CORRUPT", "LOCKED", "IO", "KERNEL"]);

/** A failure in Mastra's words: what it wraps is the `cause`, and its code is a part of the id. */
export function mastraError(operation: string, indexName: string | undefined, error: unknown): MastraError {
  if (error instanceof MastraError) return error;
  const code = error instanceof ThermoclineError ? error.code : undefined;
  const given = code !== undefined && !OF_THE_SYSTEM.has(code);
  const definition = {
    id: createVectorErrorId("THERMOCLINE", operation, code ?? "FAILED"),
    domain: ErrorDomain.MASTRA_VECTOR,
    category: given ? ErrorCategory.USER : ErrorCategory.SYSTEM,
    details: { ...(code !== undefined && { code }), ...(typeof indexName === "string" && { indexName }) },
  };
  return new MastraError(definition, error instanceof Error ? error : new Error(String(error)));
}

export function refuse(message: string): never {
  throw new ThermoclineError("ARGUMENT", message);
}
