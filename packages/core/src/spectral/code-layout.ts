import { ThermoclineError } from "../errors.js";
import { Pace } from "../pace.js";
import { rowsPerSlice } from "./encoder-vectors.js";
import { type CodeArray, SpectralCodes } from "./spectral-codes.js";

/** What a Fourier code is made of. In the kernel's bytes a code is K numbers | K magnitudes | K phases | norm. */
export interface CodeLayout {
  readonly dim: number;
  readonly topK: number;
  readonly magBits: number;
  readonly phaseBits: number;
  readonly normBits: number;
}

/** One of the four arrays in the kernel's bytes: `count` numbers below `limit` a row, each `width` bytes wide. */
interface Field {
  readonly name: "idx" | "magQ" | "phaseQ" | "normQ";
  readonly count: number;
  readonly limit: number;
  readonly width: number;
}

/** Bins of the real Fourier transform of `dim` numbers. */
export function binsOf(dim: number): number {
  return Math.floor(dim / 2) + 1;
}

function fieldsOf({ dim, topK, magBits, phaseBits, normBits }: CodeLayout): readonly Field[] {
  const field = (name: Field["name"], count: number, limit: number): Field => {
    return { name, count, limit, width: limit <= 256 ? 1 : 2 };
  };
  return [
    field("idx", topK, binsOf(dim)),
    field("magQ", topK, 2 ** magBits),
    field("phaseQ", topK, 2 ** phaseBits),
    field("normQ", normBits > 0 ? 1 : 0, 2 ** normBits),
  ];
}

/** Bytes of one row's code. */
export function bytesPerCode(layout: CodeLayout): number {
  return fieldsOf(layout).reduce((sum, { count, width }) => sum + count * width, 0);
}

/** Codes of `rows` rows, all 0 until `unpack` fills them. */
export function blankCodes(layout: CodeLayout, rows: number): SpectralCodes {
  const arrays = fieldsOf(layout).map(({ name, count, width }): [Field["name"], CodeArray] => {
    return [name, width === 1 ? new Uint8Array(rows * count) : new Uint16Array(rows * count)];
  });
  return new SpectralCodes({ topK: layout.topK, ...(Object.fromEntries(arrays) as Record<Field["name"], CodeArray>) });
}

/** Sets rows of `codes`, from `first` on, to the kernel's bytes of them. */
export function unpack(layout: CodeLayout, bytes: Uint8Array, codes: SpectralCodes, first: number): void {
  let at = 0;
  const fields = fieldsOf(layout);
  for (let row = first; at < bytes.length; row++) {
    for (const { name, count, width } of fields) {
      const array = codes[name];
      for (let i = row * count; i < (row + 1) * count; i++, at += width) {
        array[i] = width === 1 ? (bytes[at] ?? 0) : (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
      }
    }
  }
}

/**
 * The kernel's bytes of codes.
 *
 * @throws `ARGUMENT` for codes of another layout
 */
export async function pack(layout: CodeLayout, codes: SpectralCodes): Promise<Uint8Array> {
  const fields = fieldsOf(layout);
  const { length } = codes;
  for (const { name, count } of fields) {
    if (codes[name].length === length * count) continue;
    const given = `The codes have ${codes[name].length / length} of ${name} a row`;
    throw new ThermoclineError(
      "ARGUMENT",
      `${given}, but this encoder makes ${count}; decode with the encoder that encoded.`,
    );
  }
  const bytes = new Uint8Array(length * bytesPerCode(layout));
  const slice = rowsPerSlice(bytesPerCode(layout));
  const pace = new Pace();
  let at = 0;
  for (let row = 0; row < length; row++) {
    for (const { name, count, limit, width } of fields) {
      const array = codes[name];
      for (let i = row * count; i < (row + 1) * count; i++, at += width) {
        const value = array[i] ?? 0;
        const least = name === "idx" && i > row * count ? (array[i - 1] ?? 0) + 1 : 0;
        if (value < least || value >= limit) refuse(name, value, row, least, limit);
        bytes[at] = value;
        if (width === 2) bytes[at + 1] = value >> 8;
      }
    }
    if (row % slice === 0 && pace.due) await pace.pause();
  }
  return bytes;
}

function refuse(name: string, value: number, row: number, least: number, limit: number): never {
  const rule = name === "idx" ? "bins ascend, each once" : "levels are those of this encoder's grid";
  throw new ThermoclineError(
    "ARGUMENT",
    `${name} of row ${row} holds ${value}, where ${least} to ${limit - 1} can be: ${rule}.`,
  );
}
