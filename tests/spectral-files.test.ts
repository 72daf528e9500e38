import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { calibrateFromVectors, loadCachedRotations, SpectralRotation, saveRotations } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { formatNpy, parseNpy } from "../packages/core/src/spectral/npy.js";
import { failure, withNumpy } from "./support/numpy.js";
import { vectors } from "./support/synthetic.js";

const { newFolder, numpy } = withNumpy();

function rotation(layerName: string): SpectralRotation {
  const rotationMatrix = Float32Array.of(0.8, -0.6, 0.6, 0.8);
  return new SpectralRotation({ rotationMatrix, eigenvalues: [2, 0.1], headDim: 2, layerName });
}

describe("saved rotations", () => {
  it("come back equal, in the order of their numbers", async () => {
    const path = join(await newFolder(), "made", "on the way");
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
