import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ErrorCode, type OpenOptions, Thermocline, ThermoclineError } from "@thermocline/core";
import { afterEach, expect } from "vitest";

export const backends = ["in memory", "on file"] as const;
export type Backend = (typeof backends)[number];

/** Opens stores that are closed, and makes files that are deleted, when the test ends. */
export interface Bench {
  open(options?: OpenOptions): Promise<Thermocline>;
  /** A path in a folder of the test's own. */
  path(name?: string): string;
}

export function bench(backend: Backend): Bench {
  const opened: Thermocline[] = [];
  let folder: string | undefined;
  const path = (name = `${opened.length}.db`) => {
    folder ??= mkdtempSync(join(tmpdir(), "thermocline-"));
    return join(folder, name);
  };
  afterEach(async () => {
    // Those that the test closed itself say so again, and that is right.
    await Promise.all(opened.splice(0).map((store) => store.close().catch(() => {})));
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = undefined;
  });
  return {
    path,
    async open(options = {}) {
      const store = await Thermocline.open(backend === "on file" ? { path: path(), ...options } : options);
      opened.push(store);
      return store;
    },
  };
}

/** Checks that a call rejects with a ThermoclineError of this code and with such a message, and returns the error. */
export async function refusal(
  call: Promise<unknown> | (() => unknown),
  code: ErrorCode,
  message = /./,
): Promise<ThermoclineError> {
  let result: unknown;
  try {
    result = await (typeof call === "function" ? call() : call);
  } catch (error) {
    if (!(error instanceof ThermoclineError))
      throw new Error(`${String(error)} is no ThermoclineError`, { cause: error });
    expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: `));
    expect(error.message).toMatch(message);
    return error;
  }
  throw new Error(`Expected ${code}, but the call resolved to ${JSON.stringify(result)}`);
}

/** Everything that callers can see of a namespace: its records with vectors, and two answers. */
export async function contents(store: Thermocline, ids: readonly string[], namespace?: string): Promise<unknown> {
  const { dim, records } = store.stats();
  const vector = new Float32Array(dim ?? 1).fill(1);
  return {
    dim,
    records,
    count: await store.count(undefined, { namespace }),
    found: await store.get(ids, { namespace, includeVectors: true }),
    hits: (await store.query({ vector, k: 1_000, namespace })).map(({ id, score, tier }) => [id, score, tier]),
  };
}
