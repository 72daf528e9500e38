import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MastraError } from "@mastra/core/error";
import { type ErrorCode, ThermoclineError } from "@thermocline/core";
import { ThermoclineVector, type ThermoclineVectorConfig } from "@thermocline/mastra";
import { afterEach, expect } from "vitest";

/** Makes vector stores that are closed, and a folder that is deleted, when the test ends. */
export function vectorStores(): {
  open(config?: Partial<ThermoclineVectorConfig>): ThermoclineVector;
  folder(): string;
} {
  const opened: ThermoclineVector[] = [];
  let folder: string | undefined;
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((vectors) => vectors.close()));
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = undefined;
  });
  return {
    open(config = {}) {
      const vectors = new ThermoclineVector({ id: "test", ...config });
      opened.push(vectors);
      return vectors;
    },
    folder() {
      folder ??= mkdtempSync(join(tmpdir(), "thermocline-mastra-"));
      return join(folder, "vectors");
    },
  };
}

/** Checks that a call rejects as Mastra's stores do, with core's error within. */
export async function refusal(call: Promise<unknown>, code: ErrorCode, message = /./): Promise<MastraError> {
  const error = await call.then(
    (result) => new Error(`Expected ${code}, but the call resolved to ${JSON.stringify(result)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof MastraError)) throw error;
  expect(error.cause).toBeInstanceOf(ThermoclineError);
  expect(error.cause).toMatchObject({ code });
  expect(error.details).toMatchObject({ code });
  expect(error.message).toMatch(message);
  return error;
}
