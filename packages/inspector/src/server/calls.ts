import type { IncomingMessage, ServerResponse } from "node:http";
import { ThermoclineError } from "@thermocline/core";
import type { Source } from "../source.js";

/** A question is small; what is longer is none. */
const MOST_BYTES = 1 << 20;

/** All that can be asked over HTTP. Nothing of it writes. */
const METHODS: Readonly<
  Record<string, (source: Source, question: never, signal: AbortSignal, said: (share: number) => void) => unknown>
> = {
  describe: (source, _, signal) => source.describe(signal),
  spectrum: (source, _, signal) => source.spectrum(signal),
  curve: (source, question, signal, said) => source.curve(question, signal, said),
  search: (source, question, signal) => source.search(question, signal),
  page: (source, question, signal) => source.page(question, signal),
  record: (source, question, signal) => source.record(question, signal),
};

/**
 * Answers a call by lines of JSON: `{ progress }` as often as there is some, then `{ result }` or `{ error: { code, message } }`. A caller who
 * goes away ends the work.
 */
export async function answerCall(
  source: Source,
  method: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  response.setHeader("content-type", "application/x-ndjson; charset=utf-8");
  if (!call) {
    end(response, 404, failure(new ThermoclineError("ARGUMENT", "There is no such call.")));
    return;
  }
  const abort = new AbortController();
  response.once("close", () => abort.abort());
  const said = (progress: number) => {
    if (!response.headersSent) response.writeHead(200);
    response.write(`${JSON.stringify({ progress })}\n`);
  };
  try {
    const question = await questionIn(request);
    const result = await call(source, question as never, abort.signal, said);
    end(response, 200, { result: result ?? null });
  } catch (error) {
    end(response, error instanceof ThermoclineError ? 400 : 500, failure(error));
  }
}

async function questionIn(request: IncomingMessage): Promise<object> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > MOST_BYTES)
      throw new ThermoclineError("ARGUMENT", "This question is longer than 1 MiB; ask a shorter one.");
    parts.push(part);
  }
  try {
    const question: unknown = JSON.parse(Buffer.concat(parts).toString("utf8"));
    if (typeof question === "object" && question !== null) return question;
  } catch {
    // As any other text that is no question.
  }
  throw new ThermoclineError("ARGUMENT", "The body of a call is a JSON object.");
}

function failure(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error);
  return { error: { code: error instanceof ThermoclineError ? error.code : "UNKNOWN", message } };
}

function end(response: ServerResponse, status: number, last: object): void {
  if (response.destroyed) return;
  if (!response.headersSent) response.writeHead(status);
  response.end(`${JSON.stringify(last)}\n`);
}
