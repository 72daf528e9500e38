import { ThermoclineError } from "@thermocline/core";
import type { EmbeddingProvider } from "./provider.js";
import { Passing, retrying } from "./retry.js";

/** Where each service is, and which of its models is asked unless told. Both speak OpenAI's protocol. */
export const SERVICES = {
  openai: { address: "OPENAI_BASE_URL", otherwise: "https://api.openai.com/v1", model: "text-embedding-3-small" },
  ollama: { address: "OLLAMA_HOST", otherwise: "http://127.0.0.1:11434", model: "nomic-embed-text" },
} as const;

/** Texts a request: below every service's limit. */
const BATCH = 64;

/** How much of an answer that is an error is shown. */
const SHOWN = 200;

interface Answer {
  readonly data?: readonly { readonly index: number; readonly embedding: readonly number[] }[];
}

/** Embeddings by a service over HTTP. */
export function serviceProvider(name: keyof typeof SERVICES, model: string): EmbeddingProvider {
  const { address, otherwise } = SERVICES[name];
  const given = process.env[address];
  const url = urlOf(given || otherwise);
  const key = name === "openai" ? process.env["OPENAI_API_KEY"] : undefined;

  const refused = (why: string, cause?: unknown) => {
    const rights = `are OPENAI_API_KEY and ${address} right?`;
    const how = name === "openai" ? rights : `is ollama there (${address}), and has it pulled ${model}?`;
    return new ThermoclineError("IO", `${url} gave no vectors (${why}); ${how}`, { cause });
  };

  const ask = async (texts: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]> => {
    const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };
    const body = JSON.stringify({ model, input: texts, encoding_format: "float" });
    const response = await fetch(url, { method: "POST", headers, body, signal: signal ?? null }).catch(
      (cause: unknown) => {
        if (signal?.aborted) throw cause;
        const failure = refused(reasonOf(cause), cause);
        throw isAbsent(cause) ? failure : new Passing(failure);
      },
    );
    if (!response.ok) {
      const error = refused(`status ${response.status}: ${(await response.text()).slice(0, SHOWN)}`);
      throw passes(response.status) ? new Passing(error, response.headers.get("retry-after")) : error;
    }
    const { data } = (await response.json().catch((cause: unknown) => {
      throw signal?.aborted ? cause : refused("its answer is no JSON", cause);
    })) as Answer;
    if (!Array.isArray(data) || data.length !== texts.length) {
      throw refused(`${Array.isArray(data) ? data.length : "no"} vectors for ${texts.length} texts`);
    }
    return [...data].sort((a, b) => a.index - b.index).map(({ embedding }) => Float32Array.from(embedding));
  };

  const ready = async () => {
    if (name !== "openai" || key || given) return;
    throw new ThermoclineError(
      "ARGUMENT",
      `openai needs a key; set OPENAI_API_KEY, or ${address} to a server that needs none.`,
    );
  };

  return {
    name,
    model,
    ready,
    async embed(texts, signal) {
      await ready();
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += BATCH) {
        const batch = texts.slice(from, from + BATCH);
        vectors.push(...(await retrying(() => ask(batch, signal), signal)));
      }
      return vectors;
    },
  };
}

/** `OLLAMA_HOST` may be a host and a port, `OPENAI_BASE_URL` ends with the protocol's version. */
function urlOf(given: string): string {
  const trimmed = given.replace(/\/+$/, "");
  const base = /^https?:\/\//.test(trimmed) ? trimmed : `http://${trimmed}`;
  return `${base}${/\/v\d+$/.test(base) ? "" : "/v1"}/embeddings`;
}

/** Whether asking again may help: too many requests, or a server that is not well. */
function passes(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Whether nobody is there who could answer: that is for a person to set right. */
function isAbsent(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === "ECONNREFUSED" || code === "ENOTFOUND";
}

/** `fetch` says why in the cause of what it throws. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message;
}
