import { describe, expect, it } from "vitest";
import type { Kernel, SearchRequest } from "../packages/core/src/kernel/kernel.js";
import { loadKernel } from "../packages/core/src/kernel/load.js";
import { refusal } from "./support/stores.js";
import { lcg } from "./support/synthetic.js";
import { turnsDuring } from "./support/turns.js";

const DIM = 96;
const BYTES = 48;
const ROWS = 60_000;
const BLOCK = 4_096;

const next = lcg(1);
const random = (length: number) => Float32Array.from({ length }, next);
const rows = random(BLOCK * DIM);

/** Coded rows, block by block: as many times the same ones as it takes. */
async function codedRows(kernel: Kernel) {
  const partition = kernel.partition(DIM, "dot");
  const spec = { codec: "eigen", bytes: BYTES, seed: 0, effort: "fast" } as const;
  const codec = kernel.codec(await kernel.fit(spec, "dot", DIM, rows.subarray(0, 1_024 * DIM)));
  const codes = await codec.encode(rows);
  const live = new Uint8Array(BLOCK / 8).fill(255);
  for (let first = 0; first < ROWS; first += BLOCK) {
    const numbers = Uint32Array.from({ length: BLOCK }, (_, i) => first + i);
    partition.setBlock(first / BLOCK, codec, numbers, codes, live);
  }
  return partition;
}

async function hotRows(kernel: Kernel) {
  const partition = kernel.partition(DIM, "dot");
  for (let first = 0; first < ROWS; first += BLOCK) {
    partition.putHot(
      Uint32Array.from({ length: BLOCK }, (_, i) => first + i),
      rows,
    );
  }
  return partition;
}

describe.each(["native", "wasm"] as const)("a long search by the kernel %s", (backend) => {
  it.each([
    ["coded", codedRows],
    ["hot", hotRows],
  ] as const)("over %s rows lets timers fire, and ends soon after its signal fires", async (_, make) => {
    const kernel = await loadKernel(backend);
    const partition = await make(kernel);
    const request: SearchRequest = { queries: random(400 * DIM), hot: 10, cold: 10, symmetric: false };

    const all = await turnsDuring(partition.search(request));
    expect(all).toBeGreaterThan(10);

    const controller = new AbortController();
    const search = partition.search(request, controller.signal);
    let firedAt = 0;
    const ended = turnsDuring(refusal(search, "ABORTED"), (turn) => {
      if (turn !== 3) return;
      firedAt = turn;
      controller.abort();
    });
    expect((await ended) - firedAt).toBeLessThan(all / 2);
    expect(firedAt).toBe(3);

    const [found] = await partition.search({ ...request, queries: rows.subarray(0, DIM) });
    expect([...(found?.hotRows ?? []), ...(found?.coldRows ?? [])]).toHaveLength(10);
  });

  it("short enough to be made at once lets timers fire, however many follow each other", async () => {
    const kernel = await loadKernel(backend);
    const partition = await codedRows(kernel);
    const request: SearchRequest = { queries: random(DIM), hot: 10, cold: 10, symmetric: false, threads: 1 };
    let ended = false;
    const searches = async () => {
      let made = 0;
      for (; !ended; made += 1) await partition.search(request);
      return made;
    };
    const made = searches();
    setTimeout(() => {
      ended = true;
    }, 20);
    expect(await made).toBeGreaterThan(1);
  });

  it("goes on over the rows of its beginning while others come and go", async () => {
    const kernel = await loadKernel(backend);
    const partition = await codedRows(kernel);
    const codec = kernel.codec(
      await kernel.fit(
        { codec: "eigen", bytes: BYTES, seed: 0, effort: "fast" },
        "dot",
        DIM,
        rows.subarray(0, 1_024 * DIM),
      ),
    );
    partition.putHot(Uint32Array.of(1_000_000), rows.subarray(0, DIM));
    const request: SearchRequest = { queries: random(40 * DIM), hot: 10, cold: 10, symmetric: false };
    const before = await partition.search(request);
    const search = partition.search(request);
    const best = before[0]?.coldRows[0] ?? 0;
    const block = Math.floor(best / BLOCK);
    partition.removeCold(block, Uint32Array.of(best));
    partition.dropBlock(block === 0 ? 1 : 0);
    partition.setBlock(
      900,
      codec,
      Uint32Array.of(2_000_000),
      await codec.encode(rows.subarray(0, DIM)),
      Uint8Array.of(1),
    );
    partition.removeHot(Uint32Array.of(1_000_000));
    partition.putHot(Uint32Array.of(1_000_001), rows.subarray(0, DIM));
    const batch = kernel.hotBatch(DIM);
    batch.add(Uint32Array.of(1_000_002), rows.subarray(0, DIM));
    partition.takeHot(batch);
    expect(await search).toEqual(before);
    const [after] = await partition.search(request);
    expect([...(after?.hotRows ?? [])]).toEqual([1_000_001, 1_000_002]);
    expect([...(after?.coldRows ?? [])]).not.toContain(best);
  });
});
