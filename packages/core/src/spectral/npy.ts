import { ThermoclineError } from "../errors.js";

/** An array of one or two dimensions, in C order. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

/** What the header of a `.npy` file says: floating-point numbers of one or two dimensions. */
export interface NpyHeader {
  /** Bytes a number: float16, float32 or float64. */
  readonly width: 2 | 4 | 8;
  readonly littleEndian: boolean;
  /** Whether numbers of a column, not of a row, stand side by side. */
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where in the file the numbers begin, in bytes. */
  readonly dataOffset: number;
}

const MAGIC = "\x93NUMPY";

/** NumPy aligns the data to this many bytes, so that they can be mapped. */
const ALIGNMENT = 64;

const TYPES = "floating-point numbers are read";

function refuse(what: string, reason: string): never {
  throw new ThermoclineError("FORMAT", `${what} ${reason}.`);
}

/** One entry of the header's Python dictionary: a string, a boolean or a tuple of whole numbers, and nothing else. */
const ENTRY = /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"]*)\3|(True|False)|\(([\d\sL,]*)\))\s*(,|(?=\}))/y;

/** The entries of a header such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`: read, never evaluated. */
function entriesOf(what: string, header: string): ReadonlyMap<string, string> {
  const text = header.trim();
  const entries = new Map<string, string>();
  ENTRY.lastIndex = 1;
  if (text.startsWith("{")) {
    for (let end = 1; ; end = ENTRY.lastIndex) {
      const match = ENTRY.exec(text);
      if (!match) {
        if (/^\s*\}$/.test(text.slice(end))) return entries;
        break;
      }
      const [, , key = "", , string, boolean, tuple] = match;
      if (entries.has(key)) break;
      entries.set(key, string ?? boolean ?? tuple ?? "");
    }
  }
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return refuse(what, `has a header that is not one of plain numbers: ${shown}`);
}

function parseEntries(what: string, header: string): Omit<NpyHeader, "dataOffset"> {
  const entries = entriesOf(what, header);
  const [descr, order, tuple] = ["descr", "fortran_order", "shape"].map((key) => entries.get(key));
  if (descr === undefined || tuple === undefined || (order !== "True" && order !== "False") || entries.size !== 3) {
    refuse(what, "has a header without exactly descr, fortran_order and shape");
  }
  const [, endian, width] = /^([<>])f([248])$/.exec(descr) ?? refuse(what, `holds ${descr}; ${TYPES}`);
  const sizes = tuple.split(",").map((size) => size.trim().replace(/L$/, ""));
  // A tuple of one ends in a comma, as longer ones may.
  if (sizes.at(-1) === "") sizes.pop();
  if (sizes.length < 1 || sizes.length > 2 || sizes.some((size) => !/^\d{1,15}$/.test(size)) || !tuple.includes(",")) {
    refuse(what, `has the shape (${tuple}); one or two dimensions are read`);
  }
  return {
    width: width === "2" ? 2 : width === "4" ? 4 : 8,
    littleEndian: endian === "<",
    fortranOrder: order === "True",
    shape: sizes.map(Number),
  };
}

/**
 * Reads the header of a `.npy` file, versions 1.0, 2.0 and 3.0, from the file's first bytes (64 KiB are enough for any file that
 * NumPy writes), so that its rows can be read a few at a time.
 *
 * @param what - names the file in messages
 * @throws `FORMAT` for other files, types and shapes, `VERSION` for a later format, `CORRUPT` when it ends within the header
 * @example
 * const { shape, dataOffset } = parseNpyHeader("documents.npy", firstBytes);
 */
export function parseNpyHeader(what: string, bytes: Uint8Array): NpyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (encoding: string, from: number, to: number) =>
    new TextDecoder(encoding).decode(bytes.subarray(from, to));
  // Not latin1, which decodes 0x93 as Windows does.
  if (String.fromCharCode(...bytes.subarray(0, 6)) !== MAGIC)
    refuse(what, "is no .npy file: its first bytes are others");
  const truncated = (): never => {
    throw new ThermoclineError("CORRUPT", `${what} ends within its header; copy or save it anew.`);
  };
  if (bytes.length < 10) truncated();
  const [major, minor] = [view.getUint8(6), view.getUint8(7)];
  if (major < 1 || major > 3 || minor !== 0) {
    throw new ThermoclineError(
      "VERSION",
      `${what} has version ${major}.${minor} of the format; 1.0, 2.0 and 3.0 are read.`,
    );
  }
  const begin = major === 1 ? 10 : 12;
  if (bytes.length < begin) truncated();
  const dataOffset = begin + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < dataOffset) truncated();
  return { ...parseEntries(what, text(major === 3 ? "utf-8" : "latin1", begin, dataOffset)), dataOffset };
}

/** The number that 16 bits mean as an IEEE 754 half. */
function ofHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Numbers of a `.npy` file as float32, in the order in which they stand in `bytes`: any whole part of its data.
 *
 * @example
 * const row = decodeNpy(header, bytes.subarray(offset, offset + dim * header.width));
 */
export function decodeNpy({ width, littleEndian }: NpyHeader, bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(Math.floor(bytes.length / width));
  for (let i = 0; i < values.length; i++) {
    if (width === 2) values[i] = ofHalf(view.getUint16(i * 2, littleEndian));
    else values[i] = width === 4 ? view.getFloat32(i * 4, littleEndian) : view.getFloat64(i * 8, littleEndian);
  }
  return values;
}

/**
 * Reads NumPy's `.npy` format, versions 1.0, 2.0 and 3.0: float32 or float64 of either byte order, in C or Fortran order.
 *
 * @param what - names the file in messages
 * @throws `FORMAT` for other files, types and shapes, `VERSION` for a later format, `CORRUPT` for bytes too few or many
 * @example
 * const { shape, values } = parseNpy("axes.npy", await readFile("axes.npy"));
 */
export function parseNpy(what: string, bytes: Uint8Array): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { width, littleEndian, fortranOrder, shape, dataOffset: data } = parseNpyHeader(what, bytes);
  if (width === 2) refuse(what, `holds ${littleEndian ? "<" : ">"}f2; float32 and float64 are read`);
  const [rows = 0, columns = 1] = shape;
  if (bytes.length - data !== rows * columns * width) {
    const found = `has ${bytes.length - data} bytes of data, but its shape asks for ${rows * columns * width}`;
    throw new ThermoclineError("CORRUPT", `${what} ${found}; copy or save it anew.`);
  }
  const values = width === 4 ? new Float32Array(rows * columns) : new Float64Array(rows * columns);
  for (let i = 0; i < values.length; i++) {
    const place = fortranOrder ? (i % columns) * rows + Math.floor(i / columns) : i;
    const offset = data + place * width;
    values[i] = width === 4 ? view.getFloat32(offset, littleEndian) : view.getFloat64(offset, littleEndian);
  }
  return { shape, values };
}

/**
 * Numbers as a `.npy` file of version 1.0, little-endian and in C order.
 *
 * @example
 * await writeFile("axes.npy", formatNpy({ shape: [2, 2], values: Float32Array.of(1, 0, 0, 1) }));
 */
export function formatNpy({ shape, values }: NpyArray): Uint8Array {
  const width = values.BYTES_PER_ELEMENT;
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '<f${width}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const data = Math.ceil((10 + header.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(data + values.length * width);
  const view = new DataView(bytes.buffer);
  const start = `${MAGIC}\x01\x00`;
  const rest = `${header.padEnd(data - 11)}\n`;
  for (let i = 0; i < start.length; i++) bytes[i] = start.charCodeAt(i);
  view.setUint16(8, data - 10, true);
  for (let i = 0; i < rest.length; i++) bytes[10 + i] = rest.charCodeAt(i);
  for (let i = 0; i < values.length; i++) {
    if (width === 4) view.setFloat32(data + i * width, values[i] ?? 0, true);
    else view.setFloat64(data + i * width, values[i] ?? 0, true);
  }
  return bytes;
}
