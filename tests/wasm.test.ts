import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Thermocline } from "@thermocline/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadKernel } from "../packages/core/src/kernel/load.js";
import { ThreadCalls } from "../packages/core/src/kernel/wasm-calls.js";
import { compiled } from "../packages/core/src/kernel/wasm-modules.js";
import { codeOf } from "./support/error-code.js";

const DIM = 48;
const ROWS = 3_000;
const dist = new URL("../native/wasm/dist/", import.meta.url);

/** Row r, coordinate j: a linear congruential generator, scaled to ±0.5 and over the root of j + 1. */
function vectors(n: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: n * DIM }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) / Math.sqrt(1 + (i % DIM));
  });
}

describe("a store that one kernel wrote", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "thermocline-wasm-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const all = vectors(ROWS, 1);
  const asked = vectors(5, 2);
  const records = Array.from({ length: ROWS }, (_, i) => ({
    id: String(i),
    vector: all.subarray(i * DIM, (i + 1) * DIM),
    metadata: { third: i % 3 },
  }));

  const answers = async (store: Thermocline) => {
    const hits = [];
    for (let i = 0; i < 5; i++) {
      const vector = asked.subarray(i * DIM, (i + 1) * DIM);
      for (const filter of [undefined, { third: 1 }]) {
        const found = await store.query({ vector, k: 40, filter, includeVectors: true });
        hits.push(found.map(({ id, score, tier, vector }) => ({ id, score, tier, vector })));
      }
    }
    return hits;
  };

  it.each([
    ["native", "wasm", "eigen"],
    ["wasm", "native", "eigen"],
    ["native", "wasm", "fourier"],
    ["wasm", "native", "fourier"],
  ] as const)(
    "(%s) gives the same answers to the bit by the other (%s), coded by %s",
    async (writer, reader, codec) => {
      const path = join(folder, `${writer}-${codec}.db`);
      const options = {
        path,
        dim: DIM,
        originals: "none",
        hot: { capacity: 500 },
        cold: { codec, bytes: 12 },
      } as const;
      const written = await Thermocline.open({ ...options, kernel: writer });
      await written.upsert(records);
      expect(written.stats().cold.rows).toBeGreaterThan(2_000);
      expect(written.stats().kernel.backend).toBe(writer);
      const expected = await answers(written);
      await written.close();

      const read = await Thermocline.open({ path, kernel: reader });
      expect(read.stats().kernel.backend).toBe(reader);
      expect(await answers(read)).toEqual(expected);
      await read.close();
    },
  );
});

describe("the builds with SIMD and without", () => {
  it("code and decode rows to the same bits", async () => {
    const kernel = await loadKernel("wasm");
    const rows = vectors(ROWS, 3);
    for (const spec of [
      { codec: "eigen", bytes: 8, seed: 0 },
      { codec: "fourier", topK: 4 },
    ] as const) {
      const codebook = await kernel.fit(spec, "dot", DIM, rows);
      const on = { key: 0, type: "Codec", parts: [codebook] } as const;
      const of = async (path: string) => {
        const coding = new ThreadCalls("calibrate", () =>
          compiled("calibrate", new URL(`${path}calibrate_bg.wasm`, dist)),
        );
        const decoding = new ThreadCalls("search", () => compiled("search", new URL(`${path}search_bg.wasm`, dist)));
        const codes = await coding.run<Uint8Array>({ on, method: "encode", args: [rows] });
        return { codes, decoded: await decoding.run<Float32Array>({ on, method: "decode", args: [codes] }) };
      };
      expect(await of("portable/")).toEqual(await of(""));
    }
  });
});

describe("long work on WebAssembly", () => {
  it("ends when its signal fires, tells how far it is, and leaves the kernel usable", async () => {
    const kernel = await loadKernel("wasm");
    const rows = vectors(20_000, 4);
    const controller = new AbortController();
    const shares: number[] = [];
    const fit = kernel.fit({ codec: "eigen", bytes: 8, seed: 0, effort: "best" }, "dot", DIM, rows, {
      signal: controller.signal,
      onProgress: (done) => {
        shares.push(done);
        if (done > 0.1) controller.abort();
      },
    });
    expect(await codeOf(() => fit)).toBe("ABORTED");
    expect(shares.length).toBeGreaterThan(1);
    const codebook = await kernel.fit({ codec: "eigen", bytes: 4, seed: 0, effort: "fast" }, "dot", DIM, rows);
    expect(kernel.codec(codebook).bytes).toBe(4);
  });

  it("that fails is an error of the kernel", async () => {
    const kernel = await loadKernel("wasm");
    expect(await codeOf(() => kernel.rotate(new Float32Array(3), 2, new Float32Array(4), false))).toBe("KERNEL");
    expect(await codeOf(() => kernel.fit({ codec: "fourier", topK: 99 }, "dot", 4, new Float32Array(4)))).toBe(
      "KERNEL",
    );
    expect(() => kernel.codec(new Uint8Array(20))).toThrow(/CODEBOOK/);
  });
});

describe("a module", () => {
  it.each([
    ["search_bg.wasm", 60],
    ["portable/search_bg.wasm", 60],
    ["calibrate_bg.wasm", 200],
    ["portable/calibrate_bg.wasm", 200],
  ])("%s is below %d KB compressed", (path, kilobytes) => {
    expect(gzipSync(readFileSync(fileURLToPath(new URL(path, dist))), { level: 9 }).length).toBeLessThan(
      kilobytes * 1000,
    );
  });
});
