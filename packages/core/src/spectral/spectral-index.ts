import { ThermoclineError } from "../errors.js";
import type { Codec, Partition } from "../kernel/kernel.js";
import { Pace } from "../pace.js";
import { integer, shown } from "../store/settings.js";
import { type Calibration, calibrationOf } from "./calibration.js";
import { pack } from "./code-layout.js";
import { type EncoderVectors, rowsPerSlice, validVectors } from "./encoder-vectors.js";
import { SpectralCodes } from "./spectral-codes.js";
import { SpectralEncoder } from "./spectral-encoder.js";

/** How a `SpectralIndex` searches. */
export interface SpectralIndexOptions {
  /** `asymmetric` (default): the query stays float32. `symmetric`: it is encoded like a row, as SpectraLTM does it. */
  readonly scoring?: "asymmetric" | "symmetric";
}

/** The best rows of each query, best first; of equal scores the lower row comes first. */
export interface SpectralHits {
  /** Hits a query: as many as were asked for, or all rows. */
  readonly k: number;
  /** `[n][k]` rows, numbered from 0 in the order in which they were added. */
  readonly ids: Uint32Array;
  /** `[n][k]` scores, higher is better. */
  readonly scores: Float32Array;
}

/** Rows of a block of the kernel. */
const BLOCK_ROWS = 4_096;

/** The block that has room for more rows. */
interface OpenBlock {
  readonly number: number;
  readonly codec: Codec;
  readonly first: number;
  readonly codes: Uint8Array;
}

/**
 * SpectraLTM's index: codes of a `SpectralEncoder` in RAM, every one of them scored for every query, off the main thread.
 *
 * The score of a row x for a query q is Σ w_f·Re(q_f·conj(x_f)) / dim over the row's kept bins, with w = 1 for the first
 * bin and, when dim is even, the last, and 2 for the others, divided by the row's coded norm: the dot product of the query
 * with the decoded direction, so for a query of length 1 about their cosine. Rows and queries of zeros score 0.
 *
 * A row takes `bytesPerChunk` bytes, 4 for its number and a bit. The index lives in RAM only; `Thermocline` with
 * `cold: { codec: "fourier" }` keeps such codes in a file.
 *
 * @example
 * const encoder = new SpectralEncoder({ dim: 4, topK: 3 });
 * const x = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]];
 * await encoder.calibrate(x);
 * const index = new SpectralIndex(encoder);
 * await index.addEmbeddings(x);
 * const { ids, scores } = await index.search([0, 0.9, 0.1, 0], 2);
 * console.log(ids, scores[0] > scores[1]); // Uint32Array(2) [ 1, 2 ] true
 */
export class SpectralIndex {
  readonly encoder: SpectralEncoder;
  readonly scoring: "asymmetric" | "symmetric";
  #partition: Partition | undefined;
  #open: OpenBlock | undefined;
  #blocks = 0;
  #adding: Promise<void> = Promise.resolve();

  /** @throws `ARGUMENT` for another encoder or scoring */
  constructor(encoder: SpectralEncoder, options: SpectralIndexOptions = {}) {
    const { scoring = "asymmetric" } = options;
    if (!(encoder instanceof SpectralEncoder)) {
      throw new ThermoclineError("ARGUMENT", `encoder is ${shown(encoder)}; give a SpectralEncoder.`);
    }
    if (scoring !== "asymmetric" && scoring !== "symmetric") {
      throw new ThermoclineError("ARGUMENT", `scoring is ${shown(scoring)}; use one of asymmetric, symmetric.`);
    }
    this.encoder = encoder;
    this.scoring = scoring;
  }

  /** How many rows can be found. */
  get size(): number {
    return this.#partition?.count().cold ?? 0;
  }

  /** Bytes of one row's code, the norm's included; see `SpectralEncoder`. */
  get bytesPerChunk(): number {
    return this.encoder.bytesPerChunk;
  }

  /**
   * Encodes vectors and adds them; rows can be found from when they are encoded, some thousands at a time. Calls take
   * turns, so that rows are numbered in the order of the calls.
   *
   * @param x - `[n][dim]`, finite; not to be changed before the call resolves
   * @throws `ARGUMENT` before calibration, `DIMENSION`, `NOT_FINITE`, and nothing was added
   * @example
   * const encoder = new SpectralEncoder({ dim: 2, topK: 2 });
   * await encoder.calibrate([[1, 2], [2, 1]]);
   * const index = new SpectralIndex(encoder);
   * await index.addEmbeddings(Float32Array.of(1, 2, 2, 1, 5, 5));
   * console.log(index.size, index.bytesPerChunk); // 3 7
   */
  addEmbeddings(x: EncoderVectors): Promise<void> {
    return this.#inTurn(async () => {
      const calibration = calibrationOf(this.encoder);
      const { dim, normBits } = this.encoder;
      const { kernel, codec } = calibration;
      const rows = await validVectors(kernel, "x", x, dim);
      const slice = rowsPerSlice(dim) * dim;
      for (let at = 0; at < rows.length; at += slice) {
        const part = rows.subarray(at, at + slice);
        this.#append(calibration, await codec.encode(normBits === 0 ? kernel.toUnit(part, dim) : part));
      }
    });
  }

  /**
   * Adds rows that the index's encoder coded before. SpectraLTM's `add`.
   *
   * @param codes - made by this encoder since it was last calibrated, or after a calibration on the same sample
   * @throws `ARGUMENT` before calibration, and for codes that the encoder cannot have made; nothing was added
   * @example
   * const encoder = new SpectralEncoder({ dim: 2, topK: 2 });
   * await encoder.calibrate([[1, 2], [2, 1]]);
   * const index = new SpectralIndex(encoder);
   * await index.add(await encoder.encode([[1, 2]]));
   * console.log(index.size); // 1
   */
  add(codes: SpectralCodes): Promise<void> {
    return this.#inTurn(async () => {
      const calibration = calibrationOf(this.encoder);
      if (!(codes instanceof SpectralCodes)) {
        throw new ThermoclineError("ARGUMENT", `codes is ${shown(codes)}; give what encode returned.`);
      }
      const bytes = await pack(this.encoder, codes);
      const slice = BLOCK_ROWS * this.bytesPerChunk;
      const pace = new Pace();
      for (let at = 0; at < bytes.length; at += slice) {
        this.#append(calibration, bytes.subarray(at, at + slice));
        if (pace.due) await pace.pause();
      }
    });
  }

  /**
   * The `k` best rows for one query, or all rows where there are fewer.
   *
   * @param q - `[dim]`, finite
   * @param k - 1 to 2³² - 1
   * @throws `ARGUMENT` before calibration, `DIMENSION`, `NOT_FINITE`
   * @example
   * const encoder = new SpectralEncoder({ dim: 2, topK: 2 });
   * await encoder.calibrate([[1, 2], [2, 1]]);
   * const index = new SpectralIndex(encoder, { scoring: "symmetric" });
   * await index.addEmbeddings([[1, 2], [2, 1]]);
   * console.log((await index.search([0, 1], 10)).ids); // Uint32Array(2) [ 0, 1 ]
   */
  async search(q: ArrayLike<number>, k: number): Promise<SpectralHits> {
    const { dim } = this.encoder;
    if (q?.length !== dim) {
      const given = typeof q?.length === "number" ? `${q.length} numbers` : shown(q);
      throw new ThermoclineError("DIMENSION", `q is ${given}; give one query of ${dim} numbers, or use searchBatch.`);
    }
    return this.searchBatch(q, k);
  }

  /**
   * The `k` best rows for each query. The same as `search` for one after the other, but in one pass over the codes.
   *
   * @param queries - `[n][dim]`, finite; not to be changed before the call resolves
   * @param k - 1 to 2³² - 1
   * @throws `ARGUMENT` before calibration, `DIMENSION`, `NOT_FINITE`
   * @example
   * const encoder = new SpectralEncoder({ dim: 2, topK: 2 });
   * await encoder.calibrate([[1, 2], [2, 1]]);
   * const index = new SpectralIndex(encoder);
   * await index.addEmbeddings([[1, 2], [2, 1]]);
   * const { ids, k } = await index.searchBatch([[0, 1], [1, 0]], 1);
   * console.log(ids, k); // Uint32Array(2) [ 0, 1 ] 1
   */
  async searchBatch(queries: EncoderVectors, k: number): Promise<SpectralHits> {
    const { kernel } = calibrationOf(this.encoder);
    const { dim, normBits } = this.encoder;
    const asked = integer("k", k, 1, 2 ** 32 - 1);
    const given = await validVectors(kernel, "The queries", queries, dim);
    const partition = this.#partition;
    const found = Math.min(asked, this.size);
    const rows = given.length / dim;
    const hits = { k: found, ids: new Uint32Array(rows * found), scores: new Float32Array(rows * found) };
    if (!partition) return hits;
    const symmetric = this.scoring === "symmetric";
    // A code without a norm is that of a direction.
    const scaled = symmetric && normBits === 0 ? kernel.toUnit(given, dim) : given;
    const pace = new Pace();
    const results = await partition.search({ queries: scaled, hot: 0, cold: found, symmetric });
    for (const [row, { coldRows, coldScores }] of results.entries()) {
      hits.ids.set(coldRows, row * found);
      hits.scores.set(coldScores, row * found);
      if (pace.due) await pace.pause();
    }
    return hits;
  }

  /** Runs `work` when all that was called before it is done. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#adding.then(work);
    this.#adding = done.catch(() => undefined);
    return done;
  }

  /** Appends the codes of some rows to the open block, and to new ones where it is full. */
  #append({ kernel, codec }: Calibration, bytes: Uint8Array): void {
    this.#partition ??= kernel.partition(this.encoder.dim, "cosine");
    for (let at = 0; at < bytes.length; ) {
      const open = this.#openBlock(codec);
      const room = BLOCK_ROWS * codec.bytes - open.codes.length;
      const more = bytes.subarray(at, at + room);
      const codes = new Uint8Array(open.codes.length + more.length);
      codes.set(open.codes);
      codes.set(more, open.codes.length);
      const rows = Uint32Array.from({ length: codes.length / codec.bytes }, (_, i) => open.first + i);
      this.#partition.setBlock(open.number, codec, rows, codes, new Uint8Array(Math.ceil(rows.length / 8)).fill(255));
      this.#open = { ...open, codes };
      at += more.length;
    }
  }

  /** The last block if it has room and is of this codec, else a new one. */
  #openBlock(codec: Codec): OpenBlock {
    const open = this.#open;
    if (open?.codec === codec && open.codes.length < BLOCK_ROWS * codec.bytes) return open;
    this.#blocks += 1;
    return { number: this.#blocks, codec, first: this.size, codes: new Uint8Array(0) };
  }
}
