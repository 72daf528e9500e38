// The parsers of other libraries' files, given files that no library wrote.
import { readFile } from "node:fs/promises";
import { ThermoclineError } from "@thermocline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SourceFile } from "../packages/langchain/src/directory.js";
import { faissVectors } from "../packages/langchain/src/moving-in/faiss-index.js";
import { hnswlibPoints } from "../packages/langchain/src/moving-in/hnswlib-index.js";
import { type JsonItem, jsonItems } from "../packages/langchain/src/moving-in/json-items.js";
import { Reading } from "../packages/langchain/src/moving-in/source.js";

// More of them: THERMOCLINE_FUZZ_RUNS=1000000 npm test -- moving-in-fuzz
const numRuns = Number(process.env.THERMOCLINE_FUZZ_RUNS ?? 2_000);
const timeout = 3_600_000;
const CODES = ["FORMAT", "CORRUPT", "UNSUPPORTED"];

/** A file of these bytes, read in chunks of at most `chunk`; reading outside of it is a fault. */
function file(bytes: Uint8Array): SourceFile {
  return {
    path: "some.file",
    size: bytes.length,
    async read(offset, length) {
      expect(offset).toBeLessThanOrEqual(bytes.length);
      expect(length).toBeLessThanOrEqual(1 << 20);
      return bytes.slice(offset, offset + length);
    },
  };
}

/** What was read, or undefined where the file was refused. Anything else that is thrown is a fault. */
async function read<T>(bytes: Uint8Array, parse: (source: SourceFile, reading: Reading) => Promise<T>) {
  const source = file(bytes);
  try {
    return await parse(source, new Reading([source], {}));
  } catch (error) {
    if (error instanceof ThermoclineError && CODES.includes(error.code)) return undefined;
    throw error;
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const fixture = async (name: string) =>
  new Uint8Array(await readFile(new URL(`fixtures/moving-in/${name}`, import.meta.url)));

/** What may happen to bytes: numbers in the header changed, bytes changed anywhere, the end cut off. */
const edits = (length: number) =>
  fc.array(
    fc.oneof(
      fc.record({ at: fc.nat(120), put: fc.constantFrom(0, 1, 2 ** 31, 2 ** 32, 2 ** 53, -1).map(word) }),
      fc.record({ at: fc.nat(length), put: fc.uint8Array({ maxLength: 4 }) }),
      fc.record({ at: fc.nat(length), put: fc.constant(undefined) }),
    ),
    { maxLength: 4 },
  );

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return bytes;
}

function edited(bytes: Uint8Array, list: readonly { at: number; put: Uint8Array | undefined }[]): Uint8Array {
  let copy = bytes.slice();
  for (const { at, put } of list) {
    if (put) copy.set(put.subarray(0, Math.max(0, copy.length - at)), Math.min(at, copy.length));
    else copy = copy.slice(0, at);
  }
  return copy;
}

describe("an index of hnswlib", () => {
  it("is read or refused, however it was changed", { timeout }, async () => {
    const whole = await fixture("hnswlib-l2/hnswlib.index");
    let [readable, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(edits(whole.length), fc.constantFrom(8, 8, 8, 7, 65_536), async (list, dim) => {
        const points = await read(edited(whole, list), (source, reading) => all(hnswlibPoints(source, dim, reading)));
        if (points) readable++;
        else refused++;
        for (const { vector } of points ?? []) if (vector) expect(vector.length).toBe(dim);
      }),
      { numRuns },
    );
    expect(Math.min(readable, refused)).toBeGreaterThan(numRuns / 50);
  });
});

describe("files of several chunks", () => {
  const DIM = 64;
  const COUNT = 9_000;

  it("of hnswlib have every point", async () => {
    const size = 4 + 4 * 2 + 4 * DIM + 8;
    const bytes = new Uint8Array(96 + COUNT * (size + 4));
    const view = new DataView(bytes.buffer);
    const header = [0, COUNT, COUNT, size, size - 8, 4 + 4 * 2, 0, 1, 2, 1];
    for (const [i, value] of header.entries()) view.setBigUint64(8 * i, BigInt(value), true);
    for (let n = 0; n < COUNT; n++) {
      view.setFloat32(96 + n * size + 12 + 4 * (n % DIM), n, true);
      view.setBigUint64(96 + n * size + size - 8, BigInt(COUNT - n), true);
    }
    const points = await read(bytes, (source, reading) => all(hnswlibPoints(source, DIM, reading)));
    expect(bytes.length).toBeGreaterThan(2 << 20);
    expect(points).toHaveLength(COUNT);
    expect(points?.every(({ label, vector }, n) => label === COUNT - n && vector?.[n % DIM] === n)).toBe(true);
  });

  it("of JSON have every value", async () => {
    const rows = Array.from({ length: COUNT }, (_, n) => [`${n}`, { pageContent: "ü".repeat(n % 300) }]);
    const bytes = new TextEncoder().encode(JSON.stringify(rows));
    expect(bytes.length).toBeGreaterThan(2 << 20);
    const items = await read(bytes, (source, reading) => all(jsonItems(source, 1, reading)));
    expect(items?.map(({ value }) => value)).toEqual(rows);
  });
});

describe("an index of FAISS", () => {
  it.each(["faiss-l2/faiss.index", "faiss-idmap/faiss.index"])(
    "(%s) is read or refused, however it was changed",
    { timeout },
    async (name) => {
      const whole = await fixture(name);
      let [readable, refused] = [0, 0];
      await fc.assert(
        fc.asyncProperty(edits(whole.length), async (list) => {
          const found = await read(edited(whole, list), faissVectors);
          if (found) readable++;
          else refused++;
          if (found?.labels) expect(found.labels).toHaveLength(found.vectors.length);
          expect(new Set(found?.vectors.map(({ length }) => length)).size).toBeLessThan(2);
        }),
        { numRuns },
      );
      expect(Math.min(readable, refused)).toBeGreaterThan(numRuns / 50);
    },
  );
});

describe("JSON, some levels deep", () => {
  /** The same by JSON.parse, of the whole. */
  function items(value: unknown, depth: number, path: (string | number)[] = []): JsonItem[] {
    if (depth === 0 || typeof value !== "object" || value === null) return [{ path, value }];
    const entries = Array.isArray(value) ? value.map((item, i) => [i, item] as const) : Object.entries(value);
    return entries.flatMap(([key, item]) => items(item, depth - 1, [...path, key]));
  }
  const text = fc
    .tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 1, "\t"))
    .map(([value, indent]) => JSON.stringify(value, null, indent));

  it("has the values that JSON.parse finds there, wherever chunks end", { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.nat(3), fc.integer({ min: 1, max: 9 }), async (json, depth, chunk) => {
        const bytes = new TextEncoder().encode(json);
        const source = file(bytes);
        const reading = new Reading([source], {});
        reading.chunks = async function* () {
          for (let at = 0; at < bytes.length; at += chunk) yield bytes.slice(at, at + chunk);
        };
        expect(await all(jsonItems(source, depth, reading))).toEqual(items(JSON.parse(json), depth));
      }),
      { numRuns },
    );
  });

  it("is refused where JSON.parse refuses it, and read where it does not", { timeout }, async () => {
    const edit = fc.record({
      at: fc.nat(60),
      put: fc.constantFrom("", ",", ":", '"', "[", "]", "{", "}", "1", "\\", " ", "null"),
    });
    await fc.assert(
      fc.asyncProperty(text, fc.array(edit, { maxLength: 2 }), fc.nat(2), async (json, list, depth) => {
        let changed = json;
        for (const { at, put } of list) changed = changed.slice(0, at) + put + changed.slice(at + (put ? 0 : 1));
        let value: unknown;
        try {
          value = JSON.parse(changed);
        } catch {
          value = undefined;
        }
        const found = await read(new TextEncoder().encode(changed), (source, reading) =>
          all(jsonItems(source, depth, reading)),
        );
        if (value === undefined) expect(found).toBeUndefined();
        // Of a key that comes twice JSON.parse keeps the last one; here each comes.
        else expect(found?.length).toBeGreaterThanOrEqual(items(value, depth).length);
      }),
      { numRuns },
    );
  });
});
