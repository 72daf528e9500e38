import type { Codec } from "../kernel/kernel.js";
import type { Drift } from "../types.js";
import { FIT_ROWS } from "./rate-distortion.js";
import { gather } from "./rows.js";

/** Rows after which a coded row counts half as much: as many as a code block has. */
const HALF_LIFE = 4_096;

/** Rows of a batch that are decoded again: enough for a mean, and far less work than coding all of them. */
const MEASURED = 256;

/** Errors below this share are the rounding of float32 and float16, of which a ratio would tell nothing. */
const FLOOR = 1e-6;

/** A codebook is called outworn when the error has grown by this factor over as many rows at least. */
const WORSE = 1.25;
const ENOUGH_ROWS = 500;

/** A codebook is called outgrown when so many times the rows that it was fitted on have been coded, while more would help. */
const GROWN = 4;

/** Sums over rows: of the squared error ‖x - x̂‖² that coding makes, and of the squared length ‖x‖². */
export interface CodingError {
  readonly error: number;
  readonly energy: number;
}

/** How well rows fit a codebook: `fitted` at calibration, on rows it was not fitted on; sums since, recent rows most. */
export interface Fit extends CodingError {
  readonly fitted: number;
  /** Rows coded since the calibration. */
  readonly rows: number;
}

/** What coding makes of rows `[n][dim]`, measured on up to 256 of them, evenly spaced. */
export async function codingError(
  codec: Codec,
  dim: number,
  rows: Float32Array,
  codes: Uint8Array,
): Promise<CodingError> {
  const n = rows.length / dim;
  const measured = Math.min(n, MEASURED);
  const places = Array.from({ length: measured }, (_, i) => Math.floor(((i + 0.5) * n) / measured));
  const some = new Uint8Array(measured * codec.bytes);
  for (const [i, place] of places.entries()) {
    some.set(codes.subarray(place * codec.bytes, (place + 1) * codec.bytes), i * codec.bytes);
  }
  const before = gather(rows, dim, places);
  const after = await codec.decode(some);
  let error = 0;
  let energy = 0;
  for (let i = 0; i < before.length; i++) {
    const x = before[i] ?? 0;
    const lost = x - (after[i] ?? 0);
    error += lost * lost;
    energy += x * x;
  }
  return { error: error / Math.max(measured, 1), energy: energy / Math.max(measured, 1) };
}

/** The error as a share of the squared length; rows of length zero have none. */
export function relative({ error, energy }: CodingError): number {
  return energy > 0 ? error / energy : 0;
}

/** What is known after `rows` more have been coded, of which each makes `mean` on average. */
export function afterCoding(fit: Fit, mean: CodingError, rows: number): Fit {
  const kept = 0.5 ** (rows / HALF_LIFE);
  // A batch's own rows age as they come: the sum of their weights is the geometric series.
  const weight = (1 - kept) / (1 - 0.5 ** (1 / HALF_LIFE));
  return {
    fitted: fit.fitted,
    error: fit.error * kept + mean.error * weight,
    energy: fit.energy * kept + mean.energy * weight,
    rows: fit.rows + rows,
  };
}

/** See {@link Drift}; undefined until rows have been coded. */
export function driftOf(fit: Fit, sampleRows: number): Drift | undefined {
  const { fitted, rows } = fit;
  if (rows === 0) return undefined;
  const recent = relative(fit);
  const ratio = Math.max(recent, FLOOR) / Math.max(fitted, FLOOR);
  const outgrown = sampleRows < FIT_ROWS && rows >= GROWN * sampleRows;
  return { fitted, recent, ratio, rows, recalibrate: rows >= ENOUGH_ROWS && (ratio > WORSE || outgrown) };
}
