import * as addon from "@thermocline/native";
import { ThermoclineError } from "../errors.js";
import type { Metric } from "../types.js";
import type { Codec, CodecSpec, Kernel, Partition, SearchRequest } from "./kernel.js";

const METRIC: Readonly<Record<Metric, number>> = { cosine: 0, dot: 1, euclidean: 2 };

/** The kernel as a Node addon. */
export function nativeKernel(): Kernel {
  return {
    backend: "native",
    isa: addon.isa(),
    fit: (spec, metric, dim, sample) => failing(() => fit(spec, METRIC[metric], dim, sample)),
    codec: (codebook) => new NativeCodec(codebook),
    partition: (dim, metric) => guarded(new addon.Partition(dim, METRIC[metric])),
    checksum: addon.checksum,
    norms: (rows, dim) => translating(() => addon.norms(rows, dim)),
    toUnit: (rows, dim) => translating(() => addon.toUnit(rows, dim)),
    toFloat16: addon.toFloat16,
    fromFloat16: (bytes) => translating(() => addon.fromFloat16(bytes)),
    similarities: (metric, query, rows) => translating(() => addon.similarities(METRIC[metric], query, rows)),
  };
}

function fit(spec: CodecSpec, metric: number, dim: number, sample: Float32Array): Promise<Uint8Array> {
  return spec.codec === "eigen"
    ? addon.fitEigen(metric, dim, sample, spec.bytes, spec.seed)
    : addon.fitFourier(metric, dim, sample, spec.topK);
}

class NativeCodec implements Codec {
  readonly addon: addon.Codec;

  constructor(codebook: Uint8Array) {
    this.addon = translating(() => new addon.Codec(codebook));
  }

  get bytes(): number {
    return this.addon.bytes;
  }

  encode(rows: Float32Array): Promise<Uint8Array> {
    return failing(() => this.addon.encode(rows));
  }
}

function guarded(partition: addon.Partition): Partition {
  return {
    get hotRows() {
      return partition.hotRows;
    },
    get coldRows() {
      return partition.coldRows;
    },
    get hotBytes() {
      return partition.hotBytes;
    },
    get coldBytes() {
      return partition.coldBytes;
    },
    putHot: (rows, vectors) => translating(() => partition.putHot(rows, vectors)),
    removeHot: (rows) => partition.removeHot(rows),
    hotVectors: (rows) => translating(() => partition.hotVectors(rows)),
    setBlock: (block, codec, rows, codes, live) =>
      translating(() => partition.setBlock(block, addonCodec(codec), rows, codes, live)),
    dropBlock: (block) => translating(() => partition.dropBlock(block)),
    removeCold: (block, rows) => translating(() => partition.removeCold(block, rows)),
    decode: (block, row) => translating(() => partition.decode(block, row)),
    search: (request: SearchRequest) => failing(() => partition.search(request)),
    searchNow: (request: SearchRequest) => translating(() => partition.searchNow(request)),
  };
}

function addonCodec(codec: Codec): addon.Codec {
  if (codec instanceof NativeCodec) return codec.addon;
  throw new ThermoclineError("KERNEL", "A codec of one kernel was given to another; open the store anew.");
}

function translate(cause: unknown): ThermoclineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ThermoclineError("KERNEL", `The native kernel failed: ${reason}`, { cause });
}

function translating<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw cause instanceof ThermoclineError ? cause : translate(cause);
  }
}

async function failing<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw translate(cause);
  }
}
