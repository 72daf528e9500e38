import type * as Addon from "@thermocline/native";
import { ThermoclineError } from "../errors.js";
import { nodeModule } from "../node-module.js";
import type {
  Codec,
  CodecSpec,
  Eigenbasis,
  FitOptions,
  HotBatch,
  Kernel,
  Partition,
  ScalarQuantizer,
  SearchRequest,
  SearchResult,
} from "./kernel.js";
import { abortedBy, eigenSpec, fourierSpec, METRIC, refuseForeign } from "./parameters.js";
import { resultsOf } from "./search-results.js";

/** Set by `nativeKernel`, without which nothing here is reached. */
let addon: typeof Addon;

/** The kernel as a Node addon. */
export async function nativeKernel(): Promise<Kernel> {
  const binaries = await import("#binaries");
  addon = await binaries.addon();
  return {
    backend: "native",
    isa: addon.isa(),
    threads: addon.defaultThreads(),
    processors: nodeModule("node:os")?.availableParallelism() ?? addon.defaultThreads(),
    fit: (spec, metric, dim, sample, options = {}) => fit(spec, METRIC[metric], dim, sample, options),
    codec: (codebook) => new NativeCodec(codebook),
    partition: (dim, metric) => guarded(new addon.Partition(dim, METRIC[metric])),
    hotBatch: (dim) => new NativeBatch(dim),
    checksum: addon.checksum,
    norms: (rows, dim) => translating(() => addon.norms(rows, dim)),
    toUnit: (rows, dim) => translating(() => addon.toUnit(rows, dim)),
    toFloat16: addon.toFloat16,
    fromFloat16: (bytes) => translating(() => addon.fromFloat16(bytes)),
    similarities: (metric, query, rows) => translating(() => addon.similarities(METRIC[metric], query, rows)),
    similaritiesToHalves: (metric, query, halves, lengths) =>
      translating(() => addon.similaritiesToHalves(METRIC[metric], query, halves, lengths)),
    eigenbasis: (rows, dim) => failing(() => addon.eigenbasis(rows, dim)),
    rotate: (rows, dim, matrix, inverse) => failing(() => addon.rotate(rows, dim, matrix, inverse)),
    scalarQuantizer,
  };
}

/** How often a fit under way is asked how far it is. */
const PROGRESS_MS = 100;

/** Floats of a sample that are handed over in one turn of the event loop. */
const COPIED = 1 << 18;

async function fit(
  spec: CodecSpec,
  metric: number,
  dim: number,
  sample: Float32Array,
  { queries = new Float32Array(), signal, onProgress }: FitOptions,
): Promise<Uint8Array> {
  const control = new addon.Control();
  const rows = new addon.Floats(sample.length);
  for (let at = 0; at < sample.length; at += COPIED) {
    rows.push(sample.subarray(at, at + COPIED));
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  const timer = onProgress && setInterval(() => onProgress(control.done), PROGRESS_MS);
  try {
    return await controlled(signal, "fit", control, () =>
      spec.codec === "eigen"
        ? addon.fitEigen(eigenSpec(spec), metric, dim, rows, queries, control)
        : addon.fitFourier(fourierSpec(spec), metric, dim, rows, control),
    );
  } finally {
    clearInterval(timer);
  }
}

async function scalarQuantizer(
  { rotation, eigenvalues }: Eigenbasis,
  bits: Uint8Array,
  levels?: Float32Array,
): Promise<ScalarQuantizer> {
  const quantizer = translating(() => new addon.SpectralQuantizer(rotation, eigenvalues, bits, levels));
  return {
    levels: quantizer.levels,
    fit: (sample) => failing(() => quantizer.fit(sample)),
    encode: (rows) => failing(() => quantizer.encode(rows)),
    decode: (codes) => failing(() => quantizer.decode(codes)),
  };
}

class NativeCodec implements Codec {
  readonly addon: Addon.Codec;

  constructor(codebook: Uint8Array) {
    this.addon = translating(() => new addon.Codec(codebook));
  }

  get bytes(): number {
    return this.addon.bytes;
  }

  coordinateBits(): Float32Array {
    return translating(() => this.addon.coordinateBits());
  }

  encode(rows: Float32Array): Promise<Uint8Array> {
    return failing(() => this.addon.encode(rows));
  }

  decode(codes: Uint8Array): Promise<Float32Array> {
    return failing(() => this.addon.decode(codes));
  }
}

class NativeBatch implements HotBatch {
  readonly addon: Addon.HotBatch;

  constructor(dim: number) {
    this.addon = new addon.HotBatch(dim);
  }

  add(rows: Uint32Array, vectors: Float32Array): void {
    translating(() => this.addon.add(rows, vectors));
  }
}

function guarded(partition: Addon.Partition): Partition {
  return {
    count(allow) {
      const [hot = 0, cold = 0] = partition.count(allow);
      return { hot, cold };
    },
    get hotBytes() {
      return partition.hotBytes;
    },
    get coldBytes() {
      return partition.coldBytes;
    },
    putHot: (rows, vectors) => translating(() => partition.putHot(rows, vectors)),
    takeHot: (batch) => translating(() => partition.takeHot(addonBatch(batch))),
    removeHot: (rows) => partition.removeHot(rows),
    hotVectors: (rows) => translating(() => partition.hotVectors(rows)),
    setBlock: (block, codec, rows, codes, live) =>
      translating(() => partition.setBlock(block, addonCodec(codec), rows, codes, live)),
    dropBlock: (block) => translating(() => partition.dropBlock(block)),
    removeCold: (block, rows) => translating(() => partition.removeCold(block, rows)),
    decode: (block, row) => translating(() => partition.decode(block, row)),
    search: (request, signal) => search(partition, request, signal),
  };
}

/**
 * Milliseconds that searches may hold the main thread in one turn of the event loop. Off it they are two changes of thread later,
 * about as late as a scan of 100,000 codes takes.
 */
const AT_ONCE_MS = 1;

let atOnce = 0;

/** What `search` gives, and has it counted if it was done at once. */
function counted<T>(search: (budget: number) => T | Promise<T>): T | Promise<T> {
  const began = performance.now();
  const found = search(AT_ONCE_MS - atOnce);
  if (found instanceof Promise) return found;
  if (atOnce === 0) {
    setImmediate(() => {
      atOnce = 0;
    });
  }
  atOnce += performance.now() - began;
  return found;
}

async function search(
  partition: Addon.Partition,
  request: SearchRequest,
  signal: AbortSignal | undefined,
): Promise<SearchResult[]> {
  const { allow, threads, ...rest } = request;
  const given = { ...rest, ...(allow && { allow }), ...(threads !== undefined && { threads }) };
  const control = signal && new addon.Control();
  const found = await controlled(signal, "search", control, async () =>
    counted((budget) => partition.search(given, budget, control)),
  );
  return resultsOf(found);
}

/** Runs work of the kernel that `signal` ends through `control`. */
async function controlled<T>(
  signal: AbortSignal | undefined,
  what: string,
  control: Addon.Control | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!signal || !control) return failing(work);
  const cancel = () => control.cancel();
  signal.addEventListener("abort", cancel);
  try {
    if (signal.aborted) cancel();
    return await failing(work);
  } catch (error) {
    throw signal.aborted ? abortedBy(signal, what) : error;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

function addonCodec(codec: Codec): Addon.Codec {
  return codec instanceof NativeCodec ? codec.addon : refuseForeign("A codec");
}

function addonBatch(batch: HotBatch): Addon.HotBatch {
  return batch instanceof NativeBatch ? batch.addon : refuseForeign("A batch");
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
