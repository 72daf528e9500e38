import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Thermocline } from "@thermocline/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EdgeWorker, serveOnEdge } from "./support/workerd.js";

const folder = mkdtempSync(join(tmpdir(), "thermocline-edge-"));
let edge: EdgeWorker;

beforeAll(async () => {
  edge = await serveOnEdge(fileURLToPath(new URL("edge/worker.ts", import.meta.url)), folder);
}, 60_000);

afterAll(() => {
  edge?.end();
  rmSync(folder, { recursive: true, force: true });
});

/** 1,200 vectors around 30 centres. */
const vectors = Array.from({ length: 1_200 }, (_, i) =>
  Array.from({ length: 16 }, (_, j) => Math.fround(Math.sin(1 + (i % 30) * j) + Math.sin(i * 7 + j * 3) / 5)),
);

async function call(
  path: string,
  asked: readonly number[][] = [],
  bytes: Uint8Array = new Uint8Array(),
): Promise<Response> {
  const json = new TextEncoder().encode(JSON.stringify(asked));
  return fetch(edge.url + path, {
    method: "POST",
    body: Buffer.concat([new Uint8Array(Uint32Array.of(json.length).buffer), json, bytes]),
  });
}

describe("a store on an edge runtime", () => {
  it("opens the bytes that Node wrote, and answers as Node does, to the bit", async () => {
    const store = await Thermocline.open({ cold: { bytes: 8 } });
    await store.upsert(vectors.map((vector, i) => ({ id: `r${i}`, vector, text: `\ufefftext ${i}`, metadata: { i } })));
    await store.demote({ filter: { i: { $lt: 1_000 } } });
    const asked = vectors.slice(0, 20);
    const expected = [];
    for (const vector of asked) {
      const hits = await store.query({ vector, k: 10, filter: { i: { $gte: 10 } } });
      expected.push(hits.map(({ id, score, tier, text }) => [id, score, tier, text]));
    }
    const response = await call("/query", asked, await store.toBytes());
    await store.close();
    const { answers, kernel } = (await response.json()) as { answers: unknown; kernel: { backend: string } };
    expect(answers).toEqual(expected);
    expect(kernel.backend).toBe("wasm");
  });

  it("calibrates, and gives bytes that open in Node", async () => {
    const response = await call("/make", vectors);
    expect(response.status).toBe(200);
    const store = await Thermocline.fromBytes(new Uint8Array(await response.arrayBuffer()));
    expect(store.stats()).toMatchObject({ records: 1_201, withoutVector: 1, cold: { rows: 1_200 } });
    expect((await store.query({ text: "vector" })).map(({ id, tier }) => [id, tier])).toEqual([["plain", "none"]]);
    const [hit] = await store.query({ vector: vectors[7] ?? [], k: 1 });
    expect(hit?.id).toBe("r7");
    await store.close();
  });

  it("refuses damaged bytes and paths with what is wrong", async () => {
    const damaged = await call("/query", [], new Uint8Array(500));
    expect(await damaged.json()).toMatchObject({ code: "FORMAT" });
    const path = await call("/path");
    expect(await path.json()).toMatchObject({ code: "UNSUPPORTED", message: /without path it is in memory/ });
  });
});
