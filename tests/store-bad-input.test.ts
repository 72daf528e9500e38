import { type ErrorCode, Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { badCalibrations, badCalls, DIM } from "./support/bad-calls.js";
import { backends, bench, contents, refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

/** A method by name, called with whatever a caller without types might pass. */
type Loose = Record<string, (...args: unknown[]) => Promise<unknown>>;

describe.each(backends)("bad input to a store %s is refused, and nothing changes", (backend) => {
  const { open } = bench(backend);
  const all = records(30, DIM);
  const ids = [...all.map(({ id }) => id), "good", "bad"];

  it.each([
    ...["upsert", "query", "get", "count", "delete", "demote", "promote", "pin", "unpin"],
    ...["calibrate", "recalibrate", "recommend", "indexTexts", "backup"],
  ])("by %s", async (method) => {
    const store = await open({ dim: DIM, cold: { bytes: 2 } });
    await store.upsert(all);
    await store.demote({ filter: { even: true } });
    const seen = async () => ({ seen: await contents(store, ids), stats: { ...store.stats(), served: undefined } });
    const before = await seen();
    for (const [given, , args, code, says] of [...badCalls, ...badCalibrations].filter(([, name]) => name === method)) {
      await refusal(() => (store as unknown as Loose)[method]?.(...args), code, says).catch((error: unknown) => {
        throw new Error(`${method} with ${given}: ${String(error)}`, { cause: error });
      });
    }
    expect(await seen()).toStrictEqual(before);
  });

  it("by every method of an empty store, which still has no dimension", async () => {
    const store = await open();
    for (const [given, method, args, code, says] of badCalls) {
      // Whatever has components gives an empty store its dimension, or finds nothing there.
      if (code === "DIMENSION" || method === "backup") continue;
      const call = (store as unknown as Loose)[method]?.bind(store);
      await refusal(() => call?.(...args), code, says).catch((error: unknown) => {
        throw new Error(`${method} with ${given}: ${String(error)}`, { cause: error });
      });
    }
    expect(store.stats()).toMatchObject({ dim: undefined, records: 0 });
    await refusal(store.upsert([{ id: "a", vector: [] }]), "DIMENSION", /has 0 components; give 1 to 65536/);
    await refusal(store.upsert([{ id: "a", vector: new Float32Array(65_537) }]), "DIMENSION", /65537 components/);
    await refusal(
      store.upsert([
        { id: "a", vector: [1] },
        { id: "b", vector: [1, 2] },
      ]),
      "DIMENSION",
    );
    expect(store.stats()).toMatchObject({ dim: undefined, records: 0 });
  });

  it.each<[unknown, ErrorCode, RegExp]>([
    [null, "ARGUMENT", /options of open are null/],
    ["memory.db", "ARGUMENT", /options of open are "memory.db"; give an object of path/],
    [{ dims: 3 }, "ARGUMENT", /Unknown option "dims".*dim/],
    [{ path: "" }, "ARGUMENT", /path is ""; give a file's path/],
    [{ path: 5 }, "ARGUMENT", /path is 5/],
    [{ path: ":memory:" }, "ARGUMENT", /path is ":memory:".*without one is in memory/],
    [{ path: "a\0b" }, "ARGUMENT", /path is/],
    [{ dim: 0 }, "ARGUMENT", /dim is 0; give a whole number from 1 to 65536/],
    [{ dim: 1.5 }, "ARGUMENT", /dim is 1.5/],
    [{ dim: "3" }, "ARGUMENT", /dim is "3"/],
    [{ dim: null }, "ARGUMENT", /dim is null/],
    [{ metric: "manhattan" }, "ARGUMENT", /metric is "manhattan"; use one of cosine, dot, euclidean/],
    [{ metric: ["dot"] }, "ARGUMENT", /metric is an array/],
    [{ originals: true }, "ARGUMENT", /originals is true; use one of float32, float16, none/],
    [{ hot: 5 }, "ARGUMENT", /options of hot are 5; give an object of capacity/],
    [{ hot: { rows: 5 } }, "ARGUMENT", /Unknown option "rows" of hot/],
    [{ hot: { capacity: -1 } }, "ARGUMENT", /hot.capacity is -1/],
    [{ hot: { capacity: Number.NaN } }, "ARGUMENT", /hot.capacity is NaN/],
    [{ hot: { bytes: -1 } }, "ARGUMENT", /hot.bytes is -1/],
    [{ hot: { bytes: 1.5 } }, "ARGUMENT", /hot.bytes is 1.5/],
    [{ hot: { bytes: 4096, capacity: 5 } }, "ARGUMENT", /hot gives capacity and bytes; give one of them/],
    [{ hot: { promote: 1 } }, "ARGUMENT", /hot.promote is 1; give true or false/],
    [{ cold: "eigen" }, "ARGUMENT", /options of cold are "eigen"/],
    [{ cold: { byte: 24 } }, "ARGUMENT", /Unknown option "byte" of cold/],
    [{ cold: { codec: "pq" } }, "ARGUMENT", /codec is "pq"; use one of eigen, fourier/],
    [{ cold: { bytes: 1 } }, "ARGUMENT", /cold.bytes is 1; give a whole number from 2 to 512/],
    [{ cold: { bytes: "24" } }, "ARGUMENT", /cold.bytes is "24"/],
    [{ cold: { bytes: "automatic" } }, "ARGUMENT", /cold.bytes is "automatic"/],
    [{ cold: { bytes: "auto", targetRecall: 1 } }, "ARGUMENT", /targetRecall is 1; give a number above 0 and below 1/],
    [{ cold: { bytes: "auto", targetRecall: "0.9" } }, "ARGUMENT", /targetRecall is "0.9"/],
    [{ cold: { bytes: 24, targetRecall: 0.9 } }, "ARGUMENT", /targetRecall is for cold.bytes "auto"/],
    [{ cold: { targetRecall: 0.9 } }, "ARGUMENT", /targetRecall is for cold.bytes "auto"/],
    [{ cold: { scoring: "exact" } }, "ARGUMENT", /scoring is "exact"/],
    [{ cold: { scoring: "symmetric" } }, "UNSUPPORTED", /Fourier/],
    [{ cold: { seed: -1 } }, "ARGUMENT", /cold.seed is -1/],
    [{ kernel: "gpu" }, "ARGUMENT", /Unknown kernel "gpu"; use one of auto, native, wasm/],
  ])("by open: %j", async (options, code, says) => {
    await refusal(() => Thermocline.open(options as object), code, says);
  });

  it("when a first record or query has another dimension than the store was made with", async () => {
    const store = await open({ dim: DIM });
    expect(store.stats().dim).toBe(DIM);
    const vector = new Float32Array(DIM + 1).fill(1);
    await refusal(store.upsert([{ id: "bad", vector }]), "DIMENSION", new RegExp(`vectors of ${DIM}`));
    await refusal(store.query({ vector }), "DIMENSION", new RegExp(`vectors of ${DIM}`));
    expect(store.stats()).toMatchObject({ dim: DIM, records: 0 });
  });

  it("after it was closed, by every method, with CLOSED", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(all);
    await store.close();
    const closed = /closed; open it again/;
    const calls: Record<string, () => unknown> = {
      upsert: () => store.upsert(all),
      query: () => store.query({ vector: [1, 2, 3] }),
      queryPage: () => store.queryPage({ vector: [1, 2, 3] }),
      queryBatch: () => store.queryBatch({ vectors: [[1, 2, 3]] }),
      get: () => store.get(["r1"]),
      list: () => store.list().next(),
      listPage: () => store.listPage(),
      delete: () => store.delete({ all: true }),
      namespaces: () => store.namespaces(),
      copyNamespace: () => store.copyNamespace("default", "copy"),
      dropNamespace: () => store.dropNamespace("default"),
      count: () => store.count(),
      sweep: () => store.sweep(),
      timestamp: () => store.timestamp(),
      indexTexts: () => store.indexTexts(),
      demote: () => store.demote({ all: true }),
      promote: () => store.promote({ all: true }),
      pin: () => store.pin({ all: true }),
      unpin: () => store.unpin({ all: true }),
      calibrate: () => store.calibrate(),
      compact: () => store.compact(),
      recalibrate: () => store.recalibrate(),
      recommend: () => store.recommend(),
      spectrum: () => store.spectrum(),
      settled: () => store.settled(),
      stats: () => store.stats(),
      backup: () => store.backup("never.db"),
      toBytes: () => store.toBytes(),
      close: () => store.close(),
    };
    const methods = Object.getOwnPropertyNames(Thermocline.prototype).filter((name) => name !== "constructor");
    expect(Object.keys(calls).sort()).toEqual(methods.sort());
    for (const call of Object.values(calls)) await refusal(call, "CLOSED", closed);
    await store[Symbol.asyncDispose]();
  });
});
