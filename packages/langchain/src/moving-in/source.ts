import { type ErrorCode, ThermoclineError } from "@thermocline/core";
import type { SourceFile } from "../directory.js";
import type { MoveConfig } from "../options.js";
import { Pace, throwIfAborted } from "../pace.js";

/** Bytes that are read at a time. */
const CHUNK = 1 << 20;

/** What reading may be stopped by, and whom it tells. */
export type Moving = Pick<MoveConfig, "signal" | "onProgress">;

/** Refuses a file, naming it. */
export function refuse({ path }: Pick<SourceFile, "path">, code: ErrorCode, why: string, cause?: unknown): never {
  throw new ThermoclineError(code, `${path} ${why}.`, { cause });
}

/** Reads files from front to back, counts what was read, and lets others run meanwhile. */
export class Reading {
  readonly #moving: Moving;
  readonly #total: number;
  /** For work on what was read: ask it between items. */
  readonly pace: Pace;
  #done = 0;

  /** `files` are those that will be read, for the progress. */
  constructor(files: readonly SourceFile[], moving: Moving) {
    this.#moving = moving;
    this.pace = new Pace(moving.signal);
    this.#total = files.reduce((sum, { size }) => sum + size, 0);
  }

  /** Some bytes of a file, all that were asked for. */
  async bytes(file: SourceFile, offset: number, length: number): Promise<Uint8Array> {
    throwIfAborted(this.#moving.signal);
    const bytes = await file.read(offset, length);
    if (bytes.length < length) refuse(file, "CORRUPT", `is cut off: it ends at byte ${offset + bytes.length}`);
    this.#done += length;
    this.#moving.onProgress?.({ phase: "read", done: Math.min(this.#done, this.#total), total: this.#total });
    return bytes;
  }

  /** The bytes of a file, in chunks. */
  async *chunks(file: SourceFile): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < file.size; at += CHUNK) yield this.bytes(file, at, Math.min(CHUNK, file.size - at));
  }

  /** Entries of one length that follow each other in a file, some at a time. */
  async *entries(
    file: SourceFile,
    offset: number,
    length: number,
    count: number,
  ): AsyncGenerator<DataView, void, undefined> {
    const atOnce = Math.max(1, Math.floor(CHUNK / length));
    for (let from = 0; from < count; from += atOnce) {
      const some = Math.min(atOnce, count - from);
      const bytes = await this.bytes(file, offset + from * length, some * length);
      for (let i = 0; i < some; i++) {
        if (this.pace.due) await this.pace.pause();
        yield new DataView(bytes.buffer, bytes.byteOffset + i * length, length);
      }
    }
  }
}

/** A little-endian number of 64 bits as a length or a place; larger ones than a file could mean are refused. */
export function count64(file: SourceFile, view: DataView, offset: number, what: string): number {
  const value = view.getBigUint64(offset, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) refuse(file, "FORMAT", `has ${value} for ${what}, which cannot be`);
  return Number(value);
}

/** Little-endian floats. */
export function floats(view: DataView, offset: number, length: number): Float32Array {
  const vector = new Float32Array(length);
  for (let i = 0; i < length; i++) vector[i] = view.getFloat32(offset + 4 * i, true);
  return vector;
}
