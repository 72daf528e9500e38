import * as wasm from "@thermocline/wasm";
import { ThermoclineError } from "../errors.js";
import { nodeModule } from "../node-module.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { Metric } from "../types.js";
import type { Compiled } from "../wasm-source.js";
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
import { type Call, type Calls, failure, type Recipe, ThreadCalls } from "./wasm-calls.js";
import { calling, Held, renew } from "./wasm-instance.js";
import { compiled, isTrap, type WasmModules } from "./wasm-modules.js";

/** How to run the kernel as WebAssembly. */
export interface WasmOptions {
  readonly modules?: WasmModules | undefined;
  /** Whether fits, encodings and decodings run on worker threads. Default: where there are Node's. */
  readonly threads?: boolean | undefined;
}

/** Queries that share a pass over the rows. */
const PASS = 64;

let loading: Promise<Kernel> | undefined;

/**
 * The kernel as WebAssembly: one for the whole JavaScript realm, made as the first call asks. Searches run on the calling thread,
 * long ones in slices; fits, encodings and decodings on threads, or here where there are none. What a search does not need,
 * encoding among it, is a second module, loaded by the first call for it. Rejects with `KERNEL`.
 */
export function wasmKernel(options: WasmOptions = {}): Promise<Kernel> {
  loading ??= started(options).catch((cause) => {
    loading = undefined;
    throw cause instanceof ThermoclineError ? cause : failure(cause);
  });
  return loading;
}

async function started({ modules = {}, threads = nodeModule("node:worker_threads") !== undefined }: WasmOptions) {
  const module = await compiled("search", modules.search);
  wasm.search.initSync({ module });
  let second: Promise<Compiled> | undefined;
  const calibration = () => {
    second ??= compiled("calibrate", modules.calibrate).catch((error) => {
      second = undefined;
      throw error;
    });
    return second;
  };
  if (!threads) {
    const here = hereCalls(calibration);
    return kernel(undefined, here, here);
  }
  // Rows on their way to the cold tier shall not wait for a fit.
  const [coding, fits] = [new ThreadCalls("calibrate", calibration), new ThreadCalls("calibrate", calibration)];
  return kernel(new ThreadCalls("search", async () => module), coding, fits);
}

/** Calls of the second module on this thread. They hold it until they are done; a fit that is asked to end does. */
function hereCalls(module: () => Promise<Compiled>): Calls {
  let runner: wasm.Runner | undefined;
  return {
    async run<T>({ method, args, on, onProgress, signal }: Call): Promise<T> {
      const binding = await wasm.calibrate();
      const compiled = await module();
      const watched = (done: number) => {
        onProgress?.(done);
        return !signal?.aborted;
      };
      signal?.throwIfAborted();
      try {
        binding.initSync({ module: compiled });
        runner ??= new wasm.Runner(binding);
        return runner.run({ method, args, on }, onProgress && watched) as T;
      } catch (cause) {
        signal?.throwIfAborted();
        if (isTrap(cause)) {
          runner = undefined;
          renew(binding);
        }
        throw failure(cause);
      }
    },
  };
}

/** `decoding` runs long calls of the first module, if not this thread does; `coding` and `fits` those of the second. */
function kernel(decoding: Calls | undefined, coding: Calls, fits: Calls): Kernel {
  return {
    backend: "wasm",
    isa: wasm.search.isa(),
    threads: 1,
    processors: 1,
    fit: (spec, metric, dim, sample, options = {}) => fit(fits, spec, METRIC[metric], dim, sample, options),
    codec: (codebook) => new WasmCodec(codebook, decoding, coding),
    partition: (dim, metric) => new WasmPartition(dim, metric),
    hotBatch: (dim) => new WasmBatch(dim),
    checksum: (bytes) => calling(() => wasm.search.checksum(bytes) >>> 0),
    norms: (rows, dim) => calling(() => wasm.search.norms(rows, dim)),
    toUnit: (rows, dim) => calling(() => wasm.search.to_unit(rows, dim)),
    toFloat16: (values) => calling(() => wasm.search.to_float16(values)),
    fromFloat16: (bytes) => calling(() => wasm.search.from_float16(bytes)),
    similarities: (metric, query, rows) => calling(() => wasm.search.similarities(METRIC[metric], query, rows)),
    similaritiesToHalves: (metric, query, halves, lengths) =>
      calling(() => wasm.search.similarities_to_halves(METRIC[metric], query, halves, lengths)),
    async eigenbasis(rows, dim) {
      const { buffer } = await fits.run<Uint8Array<ArrayBuffer>>({ method: "eigenbasis", args: [rows, dim] });
      return { eigenvalues: new Float64Array(buffer, 0, dim), rotation: new Float32Array(buffer, 8 * dim) };
    },
    rotate: (...args) => coding.run({ method: "rotate", args }),
    scalarQuantizer: (basis, bits, levels) => scalarQuantizer(coding, basis, bits, levels),
  };
}

/** The effort as the module numbers it. */
const EFFORT = { fast: 0, best: 1 };

async function fit(
  fits: Calls,
  spec: CodecSpec,
  metric: number,
  dim: number,
  sample: Float32Array,
  { queries = new Float32Array(), signal, onProgress = () => {} }: FitOptions,
): Promise<Uint8Array> {
  const call = () => {
    if (spec.codec === "fourier") {
      const { topK, magBits, phaseBits, normBits } = fourierSpec(spec);
      return { method: "fit_fourier", args: [topK, magBits, phaseBits, normBits, metric, dim, sample] };
    }
    const { bytes, seed, effort, rows } = eigenSpec(spec);
    const args = [bytes, seed, effort ? EFFORT[effort] : 2, rows, metric, dim, sample, queries];
    return { method: "fit_eigen", args };
  };
  try {
    return await fits.run<Uint8Array>({ ...call(), signal, onProgress });
  } catch (error) {
    throw signal?.aborted ? abortedBy(signal, "fit") : error;
  }
}

let recipes = 0;

/** Bytes that threads read without a copy each, where they can be shared. */
function shared(bytes: Uint8Array): Uint8Array {
  if (typeof SharedArrayBuffer !== "function") return bytes.slice();
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

class WasmCodec implements Codec {
  readonly held: Held<wasm.search.Codec>;
  readonly bytes: number;
  readonly #on: Recipe;
  readonly #decoding: Calls | undefined;
  readonly #coding: Calls;

  constructor(codebook: Uint8Array, decoding: Calls | undefined, coding: Calls) {
    this.held = new Held(() => new wasm.search.Codec(codebook));
    this.bytes = this.held.current.bytes;
    this.#on = { key: recipes++, type: "Codec", parts: [shared(codebook)] };
    this.#decoding = decoding;
    this.#coding = coding;
  }

  coordinateBits(): Float32Array {
    return calling(() => this.held.current.coordinate_bits());
  }

  encode(rows: Float32Array): Promise<Uint8Array> {
    return this.#coding.run({ on: this.#on, method: "encode", args: [rows] });
  }

  async decode(codes: Uint8Array): Promise<Float32Array> {
    if (!this.#decoding) return calling(() => this.held.current.decode(codes));
    return this.#decoding.run({ on: this.#on, method: "decode", args: [codes] });
  }
}

async function scalarQuantizer(
  calls: Calls,
  { rotation, eigenvalues }: Eigenbasis,
  bits: Uint8Array,
  given: Float32Array | undefined,
): Promise<ScalarQuantizer> {
  const recipe = (levels: Float32Array | undefined): Recipe => {
    return { key: recipes++, type: "SpectralQuantizer", parts: [rotation, eigenvalues, bits, levels] };
  };
  const levels = await calls.run<Float32Array>({ on: recipe(given), method: "levels", args: [] });
  const on = recipe(levels);
  return {
    levels,
    fit: (sample) => calls.run({ on, method: "fit", args: [sample] }),
    encode: (rows) => calls.run({ on, method: "encode", args: [rows] }),
    decode: (codes) => calls.run({ on, method: "decode", args: [codes] }),
  };
}

class WasmPartition implements Partition {
  readonly #held: Held<wasm.search.Partition>;
  readonly #dim: number;

  constructor(dim: number, metric: Metric) {
    this.#dim = dim;
    this.#held = new Held(() => new wasm.search.Partition(dim, METRIC[metric]));
  }

  count(allow?: Uint8Array): { readonly hot: number; readonly cold: number } {
    const [hot = 0, cold = 0] = calling(() => this.#held.current.count(allow));
    return { hot, cold };
  }

  get hotBytes(): number {
    return calling(() => this.#held.current.hot_bytes);
  }

  get coldBytes(): number {
    return calling(() => this.#held.current.cold_bytes);
  }

  putHot(rows: Uint32Array, vectors: Float32Array): void {
    calling(() => this.#held.current.put_hot(rows, vectors));
  }

  takeHot(batch: HotBatch): void {
    const { held } = batch instanceof WasmBatch ? batch : refuseForeign("A batch");
    calling(() => this.#held.current.take_hot(held.current));
  }

  removeHot(rows: Uint32Array): void {
    calling(() => this.#held.current.remove_hot(rows));
  }

  hotVectors(rows: Uint32Array): Float32Array {
    return calling(() => this.#held.current.hot_vectors(rows));
  }

  setBlock(block: number, codec: Codec, rows: Uint32Array, codes: Uint8Array, live: Uint8Array): void {
    const { held } = codec instanceof WasmCodec ? codec : refuseForeign("A codec");
    calling(() => this.#held.current.set_block(block, held.current, rows, codes, live));
  }

  dropBlock(block: number): void {
    calling(() => this.#held.current.drop_block(block));
  }

  removeCold(block: number, rows: Uint32Array): void {
    calling(() => this.#held.current.remove_cold(block, rows));
  }

  decode(block: number, row: number): Float32Array {
    return calling(() => this.#held.current.decode(block, row));
  }

  async search(request: SearchRequest, signal?: AbortSignal): Promise<SearchResult[]> {
    const { queries } = request;
    const together = PASS * this.#dim;
    const found: SearchResult[] = [];
    const pace = new Pace(signal);
    throwIfAborted(signal);
    for (let at = 0; at < queries.length; at += together) {
      found.push(...(await this.#pass({ ...request, queries: queries.subarray(at, at + together) }, pace)));
    }
    return found;
  }

  /** Searches for queries that share a pass, in steps of about a millisecond, with a turn for others as `pace` says. */
  async #pass({ queries, hot, cold, symmetric, allow }: SearchRequest, pace: Pace): Promise<SearchResult[]> {
    const search = new Held(() => this.#held.current.search(queries, hot, cold, symmetric, allow));
    const pause = async () => {
      try {
        await pace.pause();
      } catch (aborted) {
        search.free();
        throw aborted;
      }
    };
    do {
      if (pace.due) await pause();
    } while (calling(() => search.current.step()));
    return resultsOf(calling(() => search.current.finish()));
  }
}

class WasmBatch implements HotBatch {
  readonly held: Held<wasm.search.HotBatch>;

  constructor(dim: number) {
    this.held = new Held(() => new wasm.search.HotBatch(dim));
  }

  add(rows: Uint32Array, vectors: Float32Array): void {
    calling(() => this.held.current.add(rows, vectors));
  }
}
