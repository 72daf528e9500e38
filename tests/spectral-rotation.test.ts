import { calibrateFromVectors, SpectralRotation } from "@thermocline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/error-code.js";

const SIXTH = Math.PI / 6;
const turn = Float32Array.of(Math.cos(SIXTH), -Math.sin(SIXTH), Math.sin(SIXTH), Math.cos(SIXTH));
const fields = { rotationMatrix: turn, eigenvalues: [2, 0.5], headDim: 2, layerName: "layer_0" };

const component = fc.float({ min: -100, max: 100, noNaN: true });
const layer = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 20 }))
  .chain(([d, n]) => fc.array(fc.array(component, { minLength: d, maxLength: d }), { minLength: n, maxLength: n }));

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
}

/** Column j of a rotation. */
function eigenvector({ rotationMatrix, headDim }: SpectralRotation, j: number): number[] {
  return Array.from({ length: headDim }, (_, i) => rotationMatrix[i * headDim + j] ?? 0);
}

async function only(rows: number[][]): Promise<SpectralRotation> {
  const [rotation] = await calibrateFromVectors([rows]);
  if (!rotation) throw new Error("no rotation");
  return rotation;
}

describe("a rotation", () => {
  it("keeps what it was made of, whatever happens to it later", () => {
    const matrix = turn.slice();
    const rotation = new SpectralRotation({ ...fields, rotationMatrix: matrix });
    matrix.fill(0);
    expect(rotation.rotationMatrix).toEqual(turn);
    expect(rotation).toMatchObject({ headDim: 2, layerName: "layer_0" });
    expect(rotation.eigenvalues).toEqual(Float64Array.of(2, 0.5));
  });

  it("refuses what is no rotation", async () => {
    const make = (changed: object) => codeOf(() => new SpectralRotation({ ...fields, ...changed }));
    expect(await make({})).toBeUndefined();
    expect(await make({ headDim: 3 })).toBe("DIMENSION");
    expect(await make({ headDim: 0 })).toBe("ARGUMENT");
    expect(await make({ eigenvalues: [1] })).toBe("DIMENSION");
    expect(await make({ rotationMatrix: [1, 0, 0, 1] })).toBe("DIMENSION");
    for (const eigenvalues of [
      [1, 2],
      [1, -1],
      [Number.NaN, 0],
      [1e300, 0],
    ]) {
      expect(await make({ eigenvalues })).toBe("ARGUMENT");
    }
    for (const matrix of [
      [1, 1, 0, 1],
      [2, 0, 0, 2],
      [1, 0, 0, 0],
      [1, 0, 0, Number.NaN],
      [1, 0, 0.01, 1],
    ]) {
      expect(await make({ rotationMatrix: Float32Array.from(matrix) })).toBe("ARGUMENT");
    }
    for (const layerName of ["", "a\0", "\ud800", 7]) expect(await make({ layerName })).toBe("ARGUMENT");
  });

  it("is taken in the precision of half floats, as stored matrices may have", async () => {
    const half = Float32Array.from(turn, (x) => Math.round(x * 2048) / 2048);
    expect(await codeOf(() => new SpectralRotation({ ...fields, rotationMatrix: half }))).toBeUndefined();
  });

  it("turns rows into coordinates along its columns, as NumPy's x @ R, and back", async () => {
    const rotation = new SpectralRotation(fields);
    const rows = [
      [1, 0],
      [0, 2],
    ];
    const rotated = await rotation.rotate(rows);
    const [c, s] = [Math.cos(SIXTH), Math.sin(SIXTH)];
    for (const [i, expected] of [c, -s, 2 * s, 2 * c].entries()) expect(rotated[i]).toBeCloseTo(expected, 6);
    const back = await rotation.unrotate({ data: rotated, dims: [2, 2] });
    for (const [i, expected] of rows.flat().entries()) expect(back[i]).toBeCloseTo(expected, 6);
    expect(await codeOf(() => rotation.rotate([[1, 2, 3]]))).toBe("DIMENSION");
    expect(await codeOf(() => rotation.unrotate([[1, Number.NaN]]))).toBe("NOT_FINITE");
  });
});

describe("calibration from vectors", () => {
  it("finds orthonormal columns, with the mean square along each as its eigenvalue, descending", async () => {
    await fc.assert(
      fc.asyncProperty(layer, async (rows) => {
        const rotation = await only(rows);
        const total = rotation.eigenvalues.reduce((sum, value) => sum + value, 0);
        for (let j = 0; j < rotation.headDim; j++) {
          for (let k = 0; k <= j; k++) {
            expect(dot(eigenvector(rotation, j), eigenvector(rotation, k))).toBeCloseTo(j === k ? 1 : 0, 5);
          }
          const along = rows.map((row) => dot(row, eigenvector(rotation, j)) ** 2);
          const energy = along.reduce((sum, square) => sum + square, 0) / rows.length;
          expect(Math.abs(energy - (rotation.eigenvalues[j] ?? 0))).toBeLessThanOrEqual(1e-5 * total + 1e-9);
          if (j > 0) expect(rotation.eigenvalues[j]).toBeLessThanOrEqual(rotation.eigenvalues[j - 1] ?? 0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("takes the same vectors in one block, and gives the same rotation each time", async () => {
    await fc.assert(
      fc.asyncProperty(layer, async (rows) => {
        const data = Float32Array.from(rows.flat());
        const dims = [1, rows.length, rows[0]?.length ?? 0];
        const [first, second] = await calibrateFromVectors([rows, { data, dims }]);
        expect(second?.rotationMatrix).toEqual(first?.rotationMatrix);
        expect(second?.eigenvalues).toEqual(first?.eigenvalues);
      }),
      { numRuns: 30 },
    );
  });

  it("points each column so that its strongest component is positive", async () => {
    const rotation = await only([
      [-3, -4],
      [-3, -4],
    ]);
    expect(eigenvector(rotation, 0)[0]).toBeCloseTo(0.6, 6);
    expect(eigenvector(rotation, 0)[1]).toBeCloseTo(0.8, 6);
    expect(rotation.eigenvalues[0]).toBeCloseTo(25, 5);
  });

  it("copes with rows of zeros and with vectors of any length that float32 sums can hold", async () => {
    const zeros = await only([[0, 0, 0]]);
    expect(Array.from(zeros.eigenvalues)).toEqual([0, 0, 0]);
    for (const scale of [1e-40, 1e-20, 1, 1e36]) {
      const { rotationMatrix, eigenvalues } = await only([[0, 3 * scale]]);
      expect(rotationMatrix[2]).toBe(1);
      expect(Math.sqrt(eigenvalues[0] ?? 0) / (3 * scale)).toBeCloseTo(1, 4);
    }
  });

  it("names layers", async () => {
    const layers = [[[1, 2]], [[1]]];
    expect((await calibrateFromVectors(layers)).map(({ layerName }) => layerName)).toEqual(["layer_0", "layer_1"]);
    const [, named] = await calibrateFromVectors(layers, { layerNames: ["keys", "values"] });
    expect(named).toMatchObject({ layerName: "values", headDim: 1 });
    expect(await calibrateFromVectors([])).toEqual([]);
  });

  it("refuses what it cannot decompose, saying which", async () => {
    const calibrate = (...layers: unknown[]) => codeOf(() => calibrateFromVectors(layers as number[][][]));
    expect(await calibrate([[1, Number.NaN]])).toBe("NOT_FINITE");
    expect(await calibrate([[1, Number.POSITIVE_INFINITY]])).toBe("NOT_FINITE");
    expect(await calibrate([[1, 1e39]])).toBe("NOT_FINITE");
    expect(await calibrate([[1, null]])).toBe("NOT_FINITE");
    expect(await calibrate([[1, 3e38]])).toBe("ARGUMENT");
    expect(await calibrate([])).toBe("ARGUMENT");
    expect(await calibrate(7)).toBe("ARGUMENT");
    expect(await calibrate(null)).toBe("ARGUMENT");
    expect(await calibrate([[1, 2], [1]])).toBe("DIMENSION");
    expect(await calibrate([[]])).toBe("DIMENSION");
    expect(await calibrate([new Float32Array(8193)])).toBe("DIMENSION");
    expect(await calibrate({ data: new Float32Array(5), dims: [2, 2] })).toBe("DIMENSION");
    expect(await calibrate({ data: new Float32Array(0), dims: [0, 2] })).toBe("ARGUMENT");
    expect(await calibrate({ data: [1, 2], dims: [1, 2] })).toBe("ARGUMENT");
    expect(await codeOf(() => calibrateFromVectors([[[1]]], { layerNames: [] }))).toBe("ARGUMENT");
    const misspelt = { names: ["a"] } as object;
    expect(await codeOf(() => calibrateFromVectors([[[1]]], misspelt))).toBe("ARGUMENT");
    await expect(calibrateFromVectors([[[1], [Number.NaN]]])).rejects.toThrow(/layer_0, number 1/);
  });
});
