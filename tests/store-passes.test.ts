import { describe, expect, it } from "vitest";
import type { Kernel, Partition, SearchRequest, SearchResult } from "../packages/core/src/kernel/kernel.js";
import { Passes } from "../packages/core/src/store/passes.js";
import { backends, bench, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 2;
const nothing = { hotScores: new Float32Array(), coldRows: new Uint32Array(), coldScores: new Float32Array() };

interface Call {
  readonly queries: readonly number[];
  readonly request: SearchRequest;
  readonly signal: AbortSignal | undefined;
  readonly end: (error?: Error) => void;
}

/** A partition whose searches end when told to, and find of each query its first component. */
function slowPartition(): { partition: Partition; calls: Call[] } {
  const calls: Call[] = [];
  const search = (request: SearchRequest, signal?: AbortSignal) =>
    new Promise<SearchResult[]>((resolve, reject) => {
      const queries = Array.from(request.queries).filter((_, i) => i % DIM === 0);
      const found = queries.map((query) => ({ ...nothing, hotRows: Uint32Array.of(query) }));
      calls.push({ queries, request, signal, end: (error) => (error ? reject(error) : resolve(found)) });
    });
  return { partition: { search } as Partial<Partition> as Partition, calls };
}

function passes(processors: number, threads = 1): Passes {
  return new Passes({ processors, threads: 1 } as Partial<Kernel> as Kernel, threads);
}

function ask(query: number, changes: Partial<SearchRequest> = {}): SearchRequest {
  return { queries: Float32Array.of(query, 0), hot: 1, cold: 1, symmetric: false, ...changes };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const answerOf = async (call: Promise<readonly SearchResult[]>) => (await call).map(({ hotRows }) => [...hotRows]);

describe("searches beside each other", () => {
  it("wait while the processors are taken, and then share a pass", async () => {
    const { partition, calls } = slowPartition();
    const turns = passes(4, 2);
    const found = [1, 2, 3, 4, 5].map((query) => turns.search(partition, DIM, ask(query), undefined));
    expect(calls.map(({ queries }) => queries)).toEqual([[1], [2]]);
    calls[0]?.end();
    await settled();
    expect(calls[2]?.queries).toEqual([3, 4, 5]);
    for (const { end } of calls) end();
    expect(await Promise.all(found.map(answerOf))).toEqual([1, 2, 3, 4, 5].map((query) => [[query]]));
  });

  it("share one only where they ask for the same of the same rows", async () => {
    const [one, other] = [slowPartition(), slowPartition()];
    const turns = passes(1);
    const allow = Uint8Array.of(255);
    const asked: [Partition, SearchRequest][] = [
      [one.partition, ask(1)],
      [one.partition, ask(2)],
      [other.partition, ask(3)],
      [one.partition, ask(4, { hot: 2 })],
      [one.partition, ask(5, { allow })],
      [one.partition, ask(6)],
      [one.partition, ask(7, { allow })],
    ];
    const found = asked.map(([partition, request]) => turns.search(partition, DIM, request, undefined));
    for (let i = 0; i < asked.length; i++) {
      for (const { end } of [...one.calls, ...other.calls]) end();
      await settled();
    }
    expect(one.calls.map(({ queries }) => queries)).toEqual([[1], [2, 6], [4], [5, 7]]);
    expect(other.calls.map(({ queries }) => queries)).toEqual([[3]]);
    expect((await Promise.all(found.map(answerOf))).flat(2)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("are at most sixty-four in a pass, and none waits for ever", async () => {
    const { partition, calls } = slowPartition();
    const turns = passes(1);
    const found = Array.from({ length: 150 }, (_, i) => turns.search(partition, DIM, ask(i), undefined));
    for (let i = 0; i < 4; i++) {
      calls[i]?.end();
      await settled();
    }
    expect(calls.map(({ queries }) => queries.length)).toEqual([1, 64, 64, 21]);
    expect((await Promise.all(found.map(answerOf))).flat(2)).toEqual(Array.from({ length: 150 }, (_, i) => i));
  });

  it("of which one is aborted leave the others their answers", async () => {
    const { partition, calls } = slowPartition();
    const turns = passes(1);
    const [waiting, sharing] = [new AbortController(), new AbortController()];
    const first = turns.search(partition, DIM, ask(1), undefined);
    const gone = turns.search(partition, DIM, ask(2), waiting.signal);
    const late = turns.search(partition, DIM, ask(3), sharing.signal);
    const kept = turns.search(partition, DIM, ask(4), new AbortController().signal);
    waiting.abort();
    calls[0]?.end();
    await refusal(gone, "ABORTED");
    expect(calls[1]?.queries).toEqual([3, 4]);
    sharing.abort();
    expect(calls[1]?.signal?.aborted).toBe(false);
    calls[1]?.end();
    await Promise.all([first, late]);
    expect(await answerOf(kept)).toEqual([[4]]);
  });

  it("end their pass once all of them are aborted", async () => {
    const { partition, calls } = slowPartition();
    const turns = passes(1);
    const controllers = [new AbortController(), new AbortController()];
    const first = turns.search(partition, DIM, ask(1), undefined);
    const both = controllers.map(({ signal }, i) => turns.search(partition, DIM, ask(2 + i), signal));
    calls[0]?.end();
    await first;
    await settled();
    controllers[0]?.abort();
    expect(calls[1]?.signal?.aborted).toBe(false);
    controllers[1]?.abort();
    expect(calls[1]?.signal?.aborted).toBe(true);
    calls[1]?.end(new Error("aborted"));
    for (const call of both) await expect(call).rejects.toThrow("aborted");
  });

  it("share a failure, and those after them go on", async () => {
    const { partition, calls } = slowPartition();
    const turns = passes(1);
    const found = Promise.allSettled([1, 2, 3].map((query) => turns.search(partition, DIM, ask(query), undefined)));
    calls[0]?.end(new Error("broken"));
    await settled();
    calls[1]?.end(new Error("broken too"));
    const reasons = (await found).map((call) => call.status === "rejected" && String(call.reason));
    expect(reasons).toEqual(["Error: broken", "Error: broken too", "Error: broken too"]);
    const after = turns.search(partition, DIM, ask(9), undefined);
    calls[2]?.end();
    expect(await answerOf(after)).toEqual([[9]]);
  });

  it("that are batches begin at once", () => {
    const { partition, calls } = slowPartition();
    const turns = passes(1);
    void turns.search(partition, DIM, ask(1), undefined);
    void turns.search(partition, DIM, { ...ask(0), queries: Float32Array.of(2, 0, 3, 0) }, undefined);
    expect(calls.map(({ queries }) => queries)).toEqual([[1], [2, 3]]);
  });
});

describe.each(backends)("callers at a time %s", (backend) => {
  const { open } = bench(backend);

  it("find what each of them finds alone", async () => {
    const store = await open({ dim: 16, cold: { bytes: 6, effort: "fast" } });
    await store.upsert(records(3_000, 16));
    await store.demote({ filter: { n: { $lt: 2_000 } } });
    const asked = vectors(40, 16, 8).map((vector, i) => ({
      vector,
      k: 3 + (i % 2),
      ...(i % 3 === 0 && { filter: { group: "g1" } }),
    }));
    const alone = [];
    for (const options of asked) alone.push(await store.query(options));
    expect(await Promise.all(asked.map((options) => store.query(options)))).toStrictEqual(alone);
  });
});
