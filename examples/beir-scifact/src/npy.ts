/** Row vectors in one block: row `i` is `values[i * dim .. (i + 1) * dim]`. */
export interface Matrix {
  readonly rows: number;
  readonly dim: number;
  readonly values: Float32Array;
}

/** Reads a two-dimensional NumPy `.npy` file of little-endian float16 or float32 in C order; throws on others. */
export function parseNpy(bytes: Uint8Array): Matrix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 10 || view.getUint32(0) !== 0x934e554d || view.getUint16(4) !== 0x5059) {
    throw new Error("not a NumPy .npy file: the magic bytes are missing");
  }
  const wide = view.getUint8(6) >= 2;
  const start = wide ? 12 : 10;
  if (bytes.length < start) throw new Error("the .npy file ends inside its header");
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, end));
  const type = /'descr': '([^']*)'/.exec(header)?.[1];
  const shape = /'shape': \((\d+), (\d+)\)/.exec(header);
  if ((type !== "<f2" && type !== "<f4") || !shape || !header.includes("'fortran_order': False")) {
    throw new Error(`expected a C-ordered [n, d] array of <f2 or <f4, found header ${header.trim()}`);
  }
  const rows = Number(shape[1]);
  const dim = Number(shape[2]);
  const width = type === "<f2" ? 2 : 4;
  if (bytes.length - end !== rows * dim * width) {
    throw new Error(`expected ${rows * dim * width} bytes of data after the .npy header, found ${bytes.length - end}`);
  }
  const values = new Float32Array(rows * dim);
  for (let i = 0; i < values.length; i++) {
    const offset = end + i * width;
    values[i] = width === 2 ? halfToNumber(view.getUint16(offset, true)) : view.getFloat32(offset, true);
  }
  return { rows, dim, values };
}

/** The number that 16 bits mean as an IEEE 754 half. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** One row as a plain array, the form LangChain's vector stores take. */
export function rowOf(matrix: Matrix, row: number): number[] {
  return Array.from(matrix.values.subarray(row * matrix.dim, (row + 1) * matrix.dim));
}
