import type { JsonValue } from "../types.js";
import type { FilterNode, JsonScalar } from "./filter-node.js";
import { compareBytes, containsBytes, textBytes } from "./text-bytes.js";

/** A condition on one field. */
export type Leaf = Exclude<FilterNode, { readonly kind: "and" | "or" | "not" }>;

/** Rows of one piece of an index, at most: their numbers within it take 16 bits. */
export const MAX_ROWS = 2 ** 16;

/**
 * What a field can hold, in the order of the blob. Elements of arrays are told apart from bare values, as only `$in` and
 * `$contains` look at them; `other` is an array or an object itself, which is there and equals nothing.
 */
const KINDS = ["number", "text", "true", "false", "null", "other"] as const;
const ELEMENTS = ["number", "text", "true", "false", "null"] as const;
type Kind = (typeof KINDS)[number] | `element ${(typeof ELEMENTS)[number]}`;
const ORDER: readonly Kind[] = [...KINDS, ...ELEMENTS.map((kind) => `element ${kind}` as const)];

/** Where each kind stands in that order. */
const PLACES = new Map(ORDER.map((kind, place) => [kind, place]));

const HEADER_BYTES = 4 * 12;

function kindOf(value: JsonScalar): (typeof ELEMENTS)[number] {
  if (typeof value === "number") return "number";
  if (typeof value === "string") return "text";
  return value === null ? "null" : value ? "true" : "false";
}

/** Gathers the values that some rows have in a field. */
export class FieldValuesBuilder {
  readonly #rows = new Map<Kind, Map<JsonScalar, number[]>>();

  /** Adds a row by its number within the piece, above those added before; `undefined` is a missing field. */
  add(row: number, value: JsonValue | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "object" || value === null) {
      this.#add(row, kindOf(value), value);
      return;
    }
    this.#add(row, "other", null);
    if (!Array.isArray(value)) return;
    for (const element of new Set(value as readonly JsonValue[])) {
      if (typeof element === "object" && element !== null) continue;
      this.#add(row, `element ${kindOf(element)}`, element);
    }
  }

  /** The blob that `FieldValues` reads; undefined when it would hold more than `maxTextBytes` of text. */
  finish(maxTextBytes: number): Uint8Array | undefined {
    const counts: number[] = [];
    const numbers: number[] = [];
    const texts: Uint8Array[] = [];
    const postings: number[] = [];
    const ends: number[] = [0];
    let textLength = 0;
    for (const kind of ORDER) {
      const rowsOf = this.#rows.get(kind) ?? new Map<JsonScalar, number[]>();
      counts.push(rowsOf.size);
      for (const value of ascending(rowsOf)) {
        if (typeof value === "number") numbers.push(value);
        if (typeof value === "string") {
          const bytes = textBytes(value);
          textLength += bytes.length;
          if (textLength > maxTextBytes) return undefined;
          texts.push(bytes);
        }
        for (const row of rowsOf.get(value) ?? []) postings.push(row);
        ends.push(postings.length);
      }
    }
    const head = HEADER_BYTES + 8 * numbers.length + 4 * (texts.length + 1) + 4 * ends.length;
    const blob = new Uint8Array(head + 2 * postings.length + textLength);
    const view = new DataView(blob.buffer);
    let at = 0;
    for (const count of counts) at = put32(view, at, count);
    at = put32(view, at, postings.length);
    for (const number of numbers) {
      view.setFloat64(at, number, true);
      at += 8;
    }
    let textEnd = 0;
    at = put32(view, at, textEnd);
    for (const { length } of texts) {
      textEnd += length;
      at = put32(view, at, textEnd);
    }
    for (const end of ends) at = put32(view, at, end);
    for (const row of postings) {
      view.setUint16(at, row, true);
      at += 2;
    }
    for (const bytes of texts) {
      blob.set(bytes, at);
      at += bytes.length;
    }
    return blob;
  }

  #add(row: number, kind: Kind, value: JsonScalar): void {
    let rowsOf = this.#rows.get(kind);
    if (!rowsOf) {
      rowsOf = new Map();
      this.#rows.set(kind, rowsOf);
    }
    const rows = rowsOf.get(value);
    if (rows) rows.push(row);
    else rowsOf.set(value, [row]);
  }
}

function put32(view: DataView, at: number, value: number): number {
  view.setUint32(at, value, true);
  return at + 4;
}

/** The values of one kind in the order in which they are listed. */
function ascending(rowsOf: ReadonlyMap<JsonScalar, unknown>): JsonScalar[] {
  const values = [...rowsOf.keys()];
  if (typeof values[0] === "number") return values.sort((a, b) => Number(a) - Number(b));
  if (typeof values[0] !== "string") return values;
  // UTF-16's order is that of code points where there are none from U+D800 on.
  if (values.every((value) => !/[\ud800-\uffff]/.test(String(value)))) return values.sort();
  const bytes = new Map(values.map((value) => [value, textBytes(String(value))]));
  const none = new Uint8Array();
  return values.sort((a, b) => compareBytes(bytes.get(a) ?? none, bytes.get(b) ?? none));
}

/**
 * Which rows of a piece have which values in a field: a blob, read where it lies. It says of each condition on the field
 * exactly what `evaluateFilter` does.
 */
export class FieldValues {
  readonly bytes: number;
  readonly #blob: Uint8Array;
  readonly #view: DataView;
  /** Number of the first key of each kind, and of none after the last. */
  readonly #keys: readonly number[];
  readonly #numbers: readonly [number: number, elements: number];
  readonly #texts: readonly [texts: number, elements: number];
  readonly #textEnds: number;
  readonly #postingEnds: number;
  readonly #postings: number;
  readonly #textBytes: number;

  /** Undefined where the blob's parts do not fill it, one after the other. */
  static read(blob: Uint8Array): FieldValues | undefined {
    if (blob.length < HEADER_BYTES) return undefined;
    const values = new FieldValues(blob);
    if (values.#textBytes > blob.length) return undefined;
    const texts = values.#ascend(values.#textEnds, values.#texts[1], blob.length - values.#textBytes);
    const postings = values.#ascend(values.#postingEnds, values.#keys.at(-1) ?? 0, values.#at32(0, ORDER.length));
    return texts && postings ? values : undefined;
  }

  private constructor(blob: Uint8Array) {
    this.#blob = blob;
    this.bytes = blob.length;
    this.#view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    const counts = ORDER.map((_, i) => this.#at32(0, i));
    const keys = [0];
    for (const count of counts) keys.push((keys.at(-1) ?? 0) + count);
    this.#keys = keys;
    const count = (kind: Kind) => counts[ORDER.indexOf(kind)] ?? 0;
    const numbers = count("number") + count("element number");
    const texts = count("text") + count("element text");
    this.#numbers = [count("number"), numbers];
    this.#texts = [count("text"), texts];
    this.#textEnds = HEADER_BYTES + 8 * numbers;
    this.#postingEnds = this.#textEnds + 4 * (texts + 1);
    this.#postings = this.#postingEnds + 4 * ((keys.at(-1) ?? 0) + 1);
    this.#textBytes = this.#postings + 2 * this.#at32(0, ORDER.length);
  }

  /** Sets the bits of the rows that meet the condition; row 0 of the piece has bit `first`. */
  find(leaf: Leaf, bits: Uint8Array, first: number): void {
    switch (leaf.kind) {
      case "exists":
        this.#mark(0, this.#keys[KINDS.length] ?? 0, bits, first);
        return;
      case "in":
        for (const value of leaf.values) {
          this.#equal(kindOf(value), value, bits, first);
          this.#equal(`element ${kindOf(value)}`, value, bits, first);
        }
        return;
      case "contains": {
        this.#equal(`element ${kindOf(leaf.value)}`, leaf.value, bits, first);
        if (typeof leaf.value !== "string") return;
        const part = textBytes(leaf.value);
        const key = this.#firstKey("text");
        for (let i = 0; i < this.#texts[0]; i++) {
          if (containsBytes(this.#text(i), part)) this.#mark(key + i, key + i + 1, bits, first);
        }
        return;
      }
      case "compare": {
        const kind = typeof leaf.bound === "number" ? "number" : "text";
        const key = this.#firstKey(kind);
        const end = this.#firstKey(kind, 1);
        const upper = leaf.ordering === ">" || leaf.ordering === "<=";
        const middle = key + this.#place(kind, leaf.bound, upper);
        if (leaf.ordering.startsWith(">")) this.#mark(middle, end, bits, first);
        else this.#mark(key, middle, bits, first);
      }
    }
  }

  #firstKey(kind: Kind, after = 0): number {
    return this.#keys[(PLACES.get(kind) ?? 0) + after] ?? 0;
  }

  #equal(kind: Kind, value: JsonScalar, bits: Uint8Array, first: number): void {
    const key = this.#firstKey(kind);
    if (key === this.#firstKey(kind, 1)) return;
    // Of the other kinds there is one key at most.
    const listed = typeof value === "number" || typeof value === "string";
    const [begin, end] = listed ? [this.#place(kind, value, false), this.#place(kind, value, true)] : [0, 1];
    this.#mark(key + begin, Math.min(key + end, this.#firstKey(kind, 1)), bits, first);
  }

  /** How many listed values of a kind are below the bound, or up to it. */
  #place(kind: Kind, bound: string | number, including: boolean): number {
    const [bare, all] = typeof bound === "number" ? this.#numbers : this.#texts;
    const [begin, end] = kind.startsWith("element") ? [bare, all] : [0, bare];
    const bytes = typeof bound === "string" ? textBytes(bound) : undefined;
    let [low, high] = [begin, end];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const difference = bytes
        ? compareBytes(this.#text(middle), bytes)
        : this.#view.getFloat64(HEADER_BYTES + 8 * middle, true) - (bound as number);
      if (difference < 0 || (including && difference === 0)) low = middle + 1;
      else high = middle;
    }
    return low - begin;
  }

  #text(i: number): Uint8Array {
    const [begin, end] = [this.#at32(this.#textEnds, i), this.#at32(this.#textEnds, i + 1)];
    return this.#blob.subarray(this.#textBytes + begin, this.#textBytes + end);
  }

  /** Sets the bits of the rows that have one of some neighbouring keys. */
  #mark(key: number, end: number, bits: Uint8Array, first: number): void {
    if (key >= end) return;
    const last = this.#at32(this.#postingEnds, end);
    for (let i = this.#at32(this.#postingEnds, key); i < last; i++) {
      const bit = first + this.#view.getUint16(this.#postings + 2 * i, true);
      bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }

  /** Whether `count` ends begin at 0, never go back, and come to `last`. */
  #ascend(offset: number, count: number, last: number): boolean {
    let before = 0;
    for (let i = 0; i <= count; i++) {
      const end = this.#at32(offset, i);
      if (end < before || (i === 0 && end !== 0)) return false;
      before = end;
    }
    return before === last;
  }

  #at32(offset: number, i: number): number {
    return this.#view.getUint32(offset + 4 * i, true);
  }
}
