import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatNpy, parseNpy } from "../packages/core/src/spectral/npy.js";
import { failure, withNumpy } from "./support/numpy.js";

const { newFolder, numpy } = withNumpy();

/** A file of the format with any header: `[n]` numbers of 4 bytes, all zero. */
function npy(header: string, bytes: number, version: readonly [number, number] = [1, 0]): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = version[0] === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    ...version,
    ...length,
    ...text,
    ...new Uint8Array(bytes),
  ]);
}

const HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";

describe("the .npy format", () => {
  it("gives back what was written, to the bit", () => {
    const shape = fc.oneof(fc.tuple(fc.nat(20)), fc.tuple(fc.nat(12), fc.nat(12)) as fc.Arbitrary<readonly number[]>);
    fc.assert(
      fc.property(shape, fc.boolean(), fc.infiniteStream(fc.double()), (shape, wide, numbers) => {
        const size = shape.reduce((product, each) => product * each, 1);
        const given = Array.from({ length: size }, () => numbers.next().value ?? 0);
        const values = wide ? Float64Array.from(given) : Float32Array.from(given);
        const bytes = formatNpy({ shape, values });
        expect((bytes.length - values.byteLength) % 64).toBe(0);
        expect(parseNpy("a.npy", bytes)).toEqual({ shape, values });
      }),
    );
  });

  it("is what NumPy reads", async () => {
    const path = await newFolder();
    const values = Float64Array.of(1.5, -2e300, 5e-324, 0, Number.NaN, Number.POSITIVE_INFINITY);
    await writeFile(join(path, "a.npy"), formatNpy({ shape: [2, 3], values }));
    await writeFile(join(path, "b.npy"), formatNpy({ shape: [3], values: Float32Array.of(1, 0.1, -7) }));
    const said = await numpy(
      path,
      "a, b = np.load('a.npy', allow_pickle=False), np.load('b.npy', allow_pickle=False)",
      "print(a.dtype.str, a.shape, a.flags.c_contiguous, a.tolist(), b.dtype.str, b.shape, b.tolist())",
    );
    expect(said).toBe(
      "<f8 (2, 3) True [[1.5, -2e+300, 5e-324], [0.0, nan, inf]] <f4 (3,) [1.0, 0.10000000149011612, -7.0]",
    );
  });

  it("is read as NumPy writes it: both types, both byte orders, both memory orders, every version", async () => {
    const path = await newFolder();
    await numpy(
      path,
      "a = np.arange(6).reshape(2, 3) - 2.5",
      "for t in ['<f4', '>f4', '<f8', '>f8']:",
      "  for order in 'CF':",
      "    for v in [1, 2, 3]:",
      "      with open(f\"{'lb'[t[0] == '>']}{t[1:]}{order}{v}.npy\", 'wb') as f:",
      "        np.lib.format.write_array(f, np.array(a, dtype=t, order=order), version=(v, 0))",
      "np.save('row.npy', np.array([1, 2, 3.5]))",
      "np.save('empty.npy', np.zeros((0, 4), dtype='f4'))",
    );
    const files = (await readdir(path)).filter((file) => /^[lb]f/.test(file));
    expect(files.length).toBe(24);
    for (const file of files) {
      const { shape, values } = parseNpy(file, await readFile(join(path, file)));
      expect(shape).toEqual([2, 3]);
      expect(values).toBeInstanceOf(file.includes("f4") ? Float32Array : Float64Array);
      expect(Array.from(values)).toEqual([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]);
    }
    const row = parseNpy("row.npy", await readFile(join(path, "row.npy")));
    expect(row).toEqual({ shape: [3], values: Float64Array.of(1, 2, 3.5) });
    const empty = parseNpy("empty.npy", await readFile(join(path, "empty.npy")));
    expect(empty).toEqual({ shape: [0, 4], values: new Float32Array(0) });
  });

  it("is refused where NumPy wrote other types and shapes", async () => {
    const path = await newFolder();
    await numpy(
      path,
      "np.save('object.npy', np.array([{}, None], dtype=object))",
      "np.save('int.npy', np.arange(4))",
      "np.save('half.npy', np.ones(4, dtype='f2'))",
      "np.save('complex.npy', np.ones(4, dtype='c8'))",
      "np.save('record.npy', np.zeros(2, dtype=[('a', '<f4'), ('b', '<f4')]))",
      "np.save('scalar.npy', np.float32(1))",
      "np.save('cube.npy', np.ones((2, 2, 2)))",
    );
    const files = await readdir(path);
    expect(files.length).toBe(7);
    for (const file of files) {
      const bytes = await readFile(join(path, file));
      const error = await failure(() => parseNpy(file, bytes));
      expect(error?.code, file).toBe("FORMAT");
      expect(error?.message).toContain(file);
    }
  });

  it("accepts every way to write a header that Python reads alike", () => {
    for (const header of [
      HEADER,
      HEADER.trim(),
      '{"shape": (2, 3), "fortran_order": False, "descr": "<f4"}',
      "  { 'descr' : '<f4' , 'shape':(2L,3L,), 'fortran_order':False,}   \n",
    ]) {
      for (const version of [1, 2, 3]) {
        expect(parseNpy("a.npy", npy(header, 24, [version, 0])).shape).toEqual([2, 3]);
      }
    }
  });

  it("never evaluates a header, and refuses one that is more than plain entries", async () => {
    for (const header of [
      "",
      "{}",
      "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': True}",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}",
      "{'descr': '<f4', 'fortran_order': 'False', 'shape': [2, 3]}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2 * 1, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} + process.exit(1)",
      "process.exit(1)",
      "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': 'f4', 'fortran_order': False, 'shape': (2, 3)}",
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${"9".repeat(400)}, 3)}`,
    ]) {
      expect((await failure(() => parseNpy("a.npy", npy(header, 24))))?.code, header).toBe("FORMAT");
    }
  });

  it("is refused by a typed error wherever it is cut, extended or of a later version", async () => {
    const whole = npy(HEADER, 24);
    expect(parseNpy("a.npy", whole).values.length).toBe(6);
    for (let end = 0; end < whole.length; end++) {
      const error = await failure(() => parseNpy("a.npy", whole.subarray(0, end)));
      expect(error?.code).toBe(end < 6 ? "FORMAT" : "CORRUPT");
    }
    expect((await failure(() => parseNpy("a.npy", npy(HEADER, 25))))?.code).toBe("CORRUPT");
    expect((await failure(() => parseNpy("a.npy", npy(HEADER, 24, [4, 0]))))?.code).toBe("VERSION");
    expect((await failure(() => parseNpy("a.npy", npy(HEADER, 24, [0, 0]))))?.code).toBe("VERSION");
  });

  it("gives a typed error or an array for any damage of a byte", async () => {
    const whole = npy(HEADER, 24);
    for (let i = 0; i < whole.length - 24; i++) {
      for (const byte of [0, 32, 39, 41, 57, 255]) {
        const damaged = whole.slice();
        damaged[i] = byte;
        await failure(() => parseNpy("a.npy", damaged));
      }
    }
  });
});
