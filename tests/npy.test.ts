import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  calibrateFromVectors,
  loadCachedRotations,
  SpectralRotation,
  saveRotations,
  ThermoclineError,
} from "@thermocline/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatNpy, parseNpy } from "../packages/core/src/spectral/npy.js";
import { ensureNumpy } from "../scripts/toolchain.mjs";
import { vectors } from "./support/synthetic.js";

const run = promisify(execFile);
let python: string;
let folder: string;
let folders = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "thermocline-npy-"));
  python = await ensureNumpy();
}, 600_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a NumPy program prints, run in `cwd`. */
async function numpy(cwd: string, ...lines: string[]): Promise<string> {
  const { stdout } = await run(python, ["-c", ["import numpy as np", ...lines].join("\n")], { cwd });
  return stdout.trim();
}

async function newFolder(): Promise<string> {
  folders += 1;
  const path = join(folder, String(folders));
  await saveRotations([], path);
  return path;
}

function rotation(layerName: string): SpectralRotation {
  const rotationMatrix = Float32Array.of(0.8, -0.6, 0.6, 0.8);
  return new SpectralRotation({ rotationMatrix, eigenvalues: [2, 0.1], headDim: 2, layerName });
}

async function failure(call: () => unknown): Promise<ThermoclineError | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    if (error instanceof ThermoclineError) return error;
    throw error;
  }
}

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

describe("saved rotations", () => {
  it("come back equal, in the order of their numbers", async () => {
    const path = await newFolder();
    const layers = Array.from({ length: 12 }, (_, i) => vectors(30, 5, i + 1));
    const rotations = await calibrateFromVectors(layers);
    await saveRotations(rotations, path);
    expect(await loadCachedRotations(path)).toEqual(rotations);
    expect((await readdir(path)).length).toBe(24);
  });

  it("are two arrays that rotate in NumPy as they do here", async () => {
    const path = await newFolder();
    const rows = vectors(40, 6);
    const rotations = await calibrateFromVectors([rows], { layerNames: ["model.layers.0"] });
    await saveRotations(rotations, path);
    await writeFile(
      join(path, "x.npy"),
      formatNpy({ shape: [40, 6], values: Float32Array.from(rows.flatMap((x) => [...x])) }),
    );
    const said = await numpy(
      path,
      "R, w, x = (np.load(f) for f in ['model.layers.0.rotation.npy', 'model.layers.0.eigenvalues.npy', 'x.npy'])",
      "print(R.dtype, w.dtype, np.allclose(R.T @ R, np.eye(6), atol=1e-6))",
      "print(np.allclose(((x @ R) ** 2).mean(axis=0), w, rtol=1e-5))",
      "print(np.allclose(np.linalg.eigvalsh(x.T.astype(float) @ x / 40)[::-1], w, rtol=1e-5))",
      "np.save('y.npy', x @ R)",
    );
    expect(said.split(/\s+/)).toEqual(["float32", "float64", "True", "True", "True"]);
    const expected = parseNpy("y.npy", await readFile(join(path, "y.npy"))).values;
    const rotated = (await rotations[0]?.rotate(rows)) ?? new Float32Array();
    expect(rotated.length).toBe(240);
    for (const [i, x] of rotated.entries()) expect(x).toBeCloseTo(expected[i] ?? Number.NaN, 5);
  });

  it("are read as a Python program makes them", async () => {
    const path = await newFolder();
    await numpy(
      path,
      "x = np.random.default_rng(1).normal(size=(50, 4)) * [4, 3, 2, 1]",
      "w, v = np.linalg.eigh(x.T @ x / 50)",
      "np.save('layer_0.rotation.npy', np.asfortranarray(v[:, ::-1]).astype('>f8'))",
      "np.save('layer_0.eigenvalues.npy', w[::-1])",
    );
    const [loaded] = await loadCachedRotations(path);
    expect(loaded).toMatchObject({ headDim: 4, layerName: "layer_0" });
    const values = parseNpy("w", await readFile(join(path, "layer_0.eigenvalues.npy"))).values;
    expect(Array.from(loaded?.eigenvalues ?? [])).toEqual(Array.from(values));
  });

  it("have file names that every file system takes, and any layer name comes back", async () => {
    const path = await newFolder();
    const names = ["../up", "a/b\\c:d*?", 'q"<>|', "100%", "Größe 層", ".", "..", "con (1)!~'"];
    await saveRotations(names.map(rotation), path);
    for (const file of await readdir(path)) expect(file).toMatch(/^[\w%][\w.%-]*\.(rotation|eigenvalues)\.npy$/);
    expect((await loadCachedRotations(path)).map(({ layerName }) => layerName).sort()).toEqual([...names].sort());
  });

  it("replace those of the same name and leave others", async () => {
    const path = await newFolder();
    await saveRotations([rotation("a"), rotation("b")], path);
    const identity = Float32Array.of(1, 0, 0, 1);
    const next = new SpectralRotation({ rotationMatrix: identity, eigenvalues: [1, 1], headDim: 2, layerName: "b" });
    await saveRotations([next], path);
    expect(await loadCachedRotations(path)).toEqual([rotation("a"), next]);
    const error = await failure(() => saveRotations([rotation("x"), rotation("X")], path));
    expect(error?.code).toBe("ARGUMENT");
    const plain = { ...rotation("y") } as unknown as SpectralRotation;
    expect((await failure(() => saveRotations([rotation("z"), plain], path)))?.code).toBe("ARGUMENT");
    expect((await readdir(path)).length).toBe(4);
  });

  it("that are missing, damaged or no rotations are told by typed errors that name the file", async () => {
    const path = await newFolder();
    const code = async () => (await failure(() => loadCachedRotations(path)))?.code;
    expect((await failure(() => loadCachedRotations(join(path, "none"))))?.code).toBe("IO");
    expect(await code()).toBe("FORMAT");
    const write = (name: string, shape: number[], numbers: number[]) =>
      writeFile(join(path, name), formatNpy({ shape, values: Float32Array.from(numbers) }));
    await write("a.rotation.npy", [2, 2], [1, 0, 0, 1]);
    expect(await code()).toBe("IO");
    await write("a.eigenvalues.npy", [2], [2, 1]);
    expect(await code()).toBeUndefined();
    await write("a.eigenvalues.npy", [2], [1, 2]);
    expect(await code()).toBe("CORRUPT");
    await write("a.eigenvalues.npy", [3], [2, 1, 0]);
    expect(await code()).toBe("CORRUPT");
    await write("a.eigenvalues.npy", [2, 1], [2, 1]);
    expect(await code()).toBe("FORMAT");
    await write("a.eigenvalues.npy", [2], [2, 1]);
    await write("a.rotation.npy", [4, 1], [1, 0, 0, 1]);
    expect(await code()).toBe("FORMAT");
    await write("a.rotation.npy", [2, 2], [1, 1, 0, 1]);
    expect(await code()).toBe("CORRUPT");
    await write("a.rotation.npy", [2, 2], [1, 0, Number.NaN, 1]);
    expect(await code()).toBe("CORRUPT");
    await expect(loadCachedRotations(path)).rejects.toThrow("a.rotation.npy");
    const file = join(path, "a.eigenvalues.npy");
    expect((await failure(() => saveRotations([rotation("a")], file)))?.code).toBe("IO");
  });
});
