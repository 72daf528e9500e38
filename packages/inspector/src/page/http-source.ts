import type { RecordView, Source } from "../source.js";

type Line =
  | { readonly progress: number }
  | { readonly result: unknown }
  | { readonly error: { readonly code: string; readonly message: string } };

/** A store behind the server that this page came from. */
export const httpSource: Source = {
  describe: (signal) => ask("describe", {}, signal),
  spectrum: (signal) => ask("spectrum", {}, signal),
  curve: (question, signal, onProgress) => ask("curve", question, signal, onProgress),
  search: (question, signal) => ask("search", question, signal),
  page: (question, signal) => ask("page", question, signal),
  // JSON has no undefined.
  record: async (question, signal) => (await ask<RecordView | null>("record", question, signal)) ?? undefined,
};

/** Calls the server, which answers by lines of JSON. */
async function ask<T>(
  method: string,
  question: object,
  signal?: AbortSignal,
  onProgress?: (share: number) => void,
): Promise<T> {
  const response = await fetch(`api/${method}`, {
    method: "POST",
    body: JSON.stringify(question),
    signal: signal ?? null,
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw new Error("The server does not answer; is thermocline serve still running?", { cause });
  });
  if (!response.headers.get("content-type")?.includes("ndjson")) throw new Error((await response.text()).trim());
  let last: T | undefined;
  for await (const line of linesOf(response)) {
    if ("progress" in line) onProgress?.(line.progress);
    else if ("error" in line) throw new Error(line.error.message);
    else last = line.result as T;
  }
  if (last === undefined) throw new Error("The server ended before it had answered.");
  return last;
}

async function* linesOf(response: Response): AsyncGenerator<Line> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line) as Line;
  }
}
