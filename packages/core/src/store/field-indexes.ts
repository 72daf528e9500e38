import type { Catalogue } from "../catalogue/catalogue.js";
import type { Reader } from "../catalogue/reader.js";
import { ThermoclineError } from "../errors.js";
import { lookUp } from "../filter/evaluate.js";
import { FieldValues, FieldValuesBuilder } from "../filter/field-values.js";
import type { Piece } from "../filter/verdict.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { IndexedField } from "../types.js";
import { parseMetadata } from "./metadata.js";

/** Rows of a whole stretch; stretches begin at its multiples. */
export const STRETCH = 4_096;

/** Rows of the short stretches that the last, growing one is made of. */
const SHORT = 512;

/** Filters that must have asked for a field before it is worth an index. */
const LEAST_USES = 2;

/** Uses are halved after this many, so that a field that was popular long ago gives way. */
const AGING = 1_024;

/** Bytes of text that a stretch has at most for each row: beyond it, values are no keys but contents. */
const TEXT_BYTES = 128;

/** Records read at a time. */
const PAGE = 128;

/** Bytes of indexes that are kept in RAM. */
const CACHE_BYTES = 2 ** 24;

/** An indexed field. */
interface Field {
  readonly number: number;
  /** Its path, and the same as JSON. */
  readonly path: readonly string[];
  readonly key: string;
  /** No whole stretch before this row is missing. */
  begin: number;
  /** Bytes of the stretches by where they begin. */
  readonly whole: Map<number, number>;
  readonly short: Map<number, number>;
}

/** Rows to be indexed, and for which fields. */
interface Stretch {
  readonly first: number;
  readonly rows: number;
  readonly fields: readonly Field[];
}

/**
 * Indexes of the fields that filters use: made by themselves, a stretch of rows at a time, in the background. Records
 * never change, so what an index says of a row holds for ever; rows that it says nothing of yet are looked at one by one.
 * So no write waits for an index, and none can make it wrong.
 */
export class FieldIndexes {
  readonly #catalogue: Catalogue;
  readonly #most: number;
  /** How often filters asked for each field, by its path as JSON. */
  readonly #uses = new Map<string, number>();
  #counted = 0;
  /** By path as JSON; undefined until the catalogue has been asked. */
  #fields: Map<string, Field> | undefined;
  /** Of the paths of filters. */
  readonly #keys = new WeakMap<readonly string[], string>();
  /** Parsed stretches, the one asked for last at the end. */
  readonly #read = new Map<number, FieldValues>();
  #readBytes = 0;
  /** Fields with too much text. */
  readonly #refused = new Set<string>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(catalogue: Catalogue, most: number) {
    this.#catalogue = catalogue;
    this.#most = most;
  }

  /** Another process may have made or dropped some. */
  forget(): void {
    this.#fields = undefined;
  }

  /** Counts a use of each of some fields. */
  use(paths: ReadonlyMap<string, readonly string[]>): void {
    for (const key of paths.keys()) this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
    this.#counted += paths.size;
    if (this.#counted < AGING) return;
    this.#counted = 0;
    for (const [key, uses] of this.#uses) {
      if (uses < 2) this.#uses.delete(key);
      else this.#uses.set(key, uses >>> 1);
    }
  }

  /** What is indexed of the stretch that begins at row `first`. */
  pieces(reader: Reader, path: readonly string[], first: number): readonly Piece[] {
    // A filter's tree is asked for each stretch anew.
    const key = this.#keys.get(path) ?? JSON.stringify(path);
    this.#keys.set(path, key);
    const field = this.#load(reader).get(key);
    if (!field) return [];
    if (field.whole.has(first)) {
      const values = this.#values(reader, field, first, STRETCH);
      return values ? [{ first: 0, rows: STRETCH, values }] : [];
    }
    const pieces: Piece[] = [];
    for (let at = first; at < first + STRETCH; at += SHORT) {
      const values = field.short.has(at) ? this.#values(reader, field, at, SHORT) : undefined;
      if (values) pieces.push({ first: at - first, rows: SHORT, values });
    }
    return pieces;
  }

  /** See {@link StoreStats}. */
  stats(): IndexedField[] {
    const fields = [...this.#load(this.#catalogue.reader)];
    return fields.map(([key, { path, whole, short }]) => {
      const sizes = [...whole.values(), ...short.values()];
      return {
        field: path
          .map((part) => part.replace(/[.\\]/g, "\\$&"))
          .join(".")
          .replace(/^\$/, "\\$"),
        rows: STRETCH * whole.size + SHORT * short.size,
        bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
        uses: this.#uses.get(key) ?? 0,
      };
    });
  }

  /** Begins to index what filters ask for, unless there is nothing to do or it is being done. */
  start(): void {
    if (this.#running || this.#stop.signal.aborted) return;
    const { reader } = this.#catalogue;
    if (!this.#wanted(reader) && !this.#next(reader)) return;
    this.#running = this.#work()
      // What cannot be written now, say because another process holds the file, is tried again when the next filter comes.
      .catch(() => {})
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Forgets what is said of rows that are all gone, as far as whole stretches go, and of fields that are not indexed any more. */
  async clean(signal: AbortSignal | undefined): Promise<void> {
    const entries = new FieldValuesBuilder().finish(0);
    if (!entries) return;
    await this.#catalogue.write(
      async (transaction) => {
        const pace = new Pace(signal);
        transaction.fields.deleteStrays();
        for (const { field } of transaction.fields.fields()) {
          for (const { first, rows, bytes } of transaction.fields.stretches(field)) {
            const next = transaction.rowAfter(first - 1) ?? Number.POSITIVE_INFINITY;
            // The stretch stays, so that its rows count as indexed.
            const isGone = next >= first + rows && bytes > entries.length;
            if (isGone) transaction.fields.putValues(field, first, rows, entries);
            if (pace.due) await pace.pause();
          }
        }
      },
      () => this.forget(),
    );
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when no index is being made. */
  async ended(): Promise<void> {
    await this.#running;
  }

  #load(reader: Reader): Map<string, Field> {
    if (this.#fields) return this.#fields;
    const fields = new Map<string, Field>();
    for (const { field: number, path: key } of reader.fields.fields()) {
      const path = JSON.parse(key) as string[];
      const field: Field = { number, path, key, begin: 0, whole: new Map(), short: new Map() };
      for (const { first, rows, bytes } of reader.fields.stretches(number)) {
        if (rows === STRETCH) field.whole.set(first, bytes);
        else field.short.set(first, bytes);
      }
      fields.set(key, field);
    }
    this.#fields = fields;
    return fields;
  }

  #values(reader: Reader, field: Field, first: number, rows: number): FieldValues | undefined {
    // Rows take 32 bits, and stretches are of two lengths.
    const key = 2 * (field.number * 2 ** 32 + first) + (rows === STRETCH ? 1 : 0);
    const known = this.#read.get(key);
    if (known) {
      this.#read.delete(key);
      this.#read.set(key, known);
      return known;
    }
    const blob = reader.fields.values(field.number, first, rows);
    if (!blob) return undefined;
    const values = FieldValues.read(blob);
    if (!values) {
      const what = `The index of field ${field.number} from row ${first} on has another length than it says`;
      throw new ThermoclineError("CORRUPT", `${what}. Restore a backup.`);
    }
    this.#read.set(key, values);
    this.#readBytes += values.bytes;
    for (const [oldest, { bytes }] of this.#read) {
      if (this.#readBytes <= CACHE_BYTES) break;
      this.#read.delete(oldest);
      this.#readBytes -= bytes;
    }
    return values;
  }

  /** The field most asked for that has no index and should have one, and the one that gives way to it. */
  #wanted(reader: Reader): { readonly path: string; readonly instead: string | undefined } | undefined {
    const fields = this.#load(reader);
    let [path, most]: [string | undefined, number] = [undefined, LEAST_USES - 1];
    for (const [key, uses] of this.#uses) {
      if (uses > most && !fields.has(key) && !this.#refused.has(key)) [path, most] = [key, uses];
    }
    if (path === undefined || this.#most === 0) return undefined;
    if (fields.size < this.#most) return { path, instead: undefined };
    const uses = (key: string) => this.#uses.get(key) ?? 0;
    const [least] = [...fields.keys()].sort((a, b) => uses(a) - uses(b));
    return least !== undefined && 2 * uses(least) < most ? { path, instead: least } : undefined;
  }

  /** The next stretch to be indexed, and for which fields. */
  #next(reader: Reader): Stretch | undefined {
    const end = reader.lastRow() + 1;
    let next: { first: number; rows: number } | undefined;
    const fields = [...this.#load(reader).values()];
    for (const field of fields) {
      while (field.whole.has(field.begin)) field.begin += STRETCH;
      let first = field.begin;
      const rows = first + STRETCH <= end ? STRETCH : SHORT;
      if (rows === SHORT) while (field.short.has(first)) first += SHORT;
      if (first + rows <= end && (!next || first < next.first)) next = { first, rows };
    }
    if (!next) return undefined;
    const { first, rows } = next;
    const has = ({ whole, short }: Field) => whole.has(first) || (rows === SHORT && short.has(first));
    return { first, rows, fields: fields.filter((field) => !has(field)) };
  }

  async #work(): Promise<void> {
    const catalogue = this.#catalogue;
    const pace = new Pace(this.#stop.signal);
    for (;;) {
      throwIfAborted(this.#stop.signal);
      const wanted = await catalogue.read(() => this.#wanted(catalogue.reader));
      if (wanted) await this.#make(wanted.path, wanted.instead);
      const next = await catalogue.read(() => this.#next(catalogue.reader));
      if (next) await this.#index(next, pace);
      else if (!wanted) return;
    }
  }

  async #make(path: string, instead: string | undefined): Promise<void> {
    await this.#catalogue.write(
      (transaction) => {
        const dropped = instead === undefined ? undefined : this.#load(transaction).get(instead);
        if (dropped) transaction.fields.deleteField(dropped.number);
        transaction.fields.insertField(path);
      },
      () => this.forget(),
    );
  }

  /** Reads a stretch of records and writes what it finds of some fields. */
  async #index({ first, rows, fields }: Stretch, pace: Pace): Promise<void> {
    const made = fields.map((field) => ({ field, builder: new FieldValuesBuilder() }));
    for (let at = first; at < first + rows; at += PAGE) {
      const page = await this.#catalogue.read(() => this.#catalogue.reader.metadataBetween(at - 1, at + PAGE - 1));
      for (const { row, metadata } of page) {
        const parsed = parseMetadata(metadata);
        for (const { field, builder } of made) builder.add(row - first, lookUp(parsed, field.path));
      }
      if (pace.due) await pace.pause();
    }
    const found: { readonly field: Field; readonly entries: Uint8Array | undefined }[] = [];
    for (const { field, builder } of made) {
      found.push({ field, entries: builder.finish(TEXT_BYTES * rows) });
      if (pace.due) await pace.pause();
    }
    await this.#catalogue.write(
      (transaction) => {
        for (const { field, entries } of found) {
          // Another process may have dropped the field meanwhile, and made it again by another number.
          if (this.#load(transaction).get(field.key)?.number !== field.number) continue;
          if (entries) transaction.fields.putValues(field.number, first, rows, entries);
          else transaction.fields.deleteField(field.number);
        }
      },
      () => {
        for (const { field, entries } of found) {
          const { whole, short } = this.#fields?.get(field.key) ?? field;
          if (!entries) this.#refused.add(field.key);
          else if (rows === SHORT) short.set(first, entries.length);
          else {
            whole.set(first, entries.length);
            for (let at = first; at < first + STRETCH; at += SHORT) short.delete(at);
          }
          if (!entries) this.#fields?.delete(field.key);
        }
      },
    );
  }
}
