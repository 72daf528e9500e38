import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ThermoclineError } from "../errors.js";
import { formatNpy, type NpyArray, parseNpy } from "./npy.js";
import { SpectralRotation } from "./rotation.js";

const ROTATION = ".rotation.npy";
const EIGENVALUES = ".eigenvalues.npy";

/** A layer's name as part of a file's, on every file system; `layer_0` and `model.layers.0` stay as they are. */
function stem(layerName: string): string {
  return encodeURIComponent(layerName).replace(
    /^\.|[*'()!~]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function layerNameOf(stem: string): string {
  try {
    return decodeURIComponent(stem);
  } catch {
    // Someone else's name, with a percent sign of its own.
    return stem;
  }
}

/** Does something to a file or folder; what goes wrong is an `IO` error. */
async function touching<T>(path: string, verb: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ThermoclineError("IO", `${path} could not be ${verb}: ${reason}.`, { cause });
  }
}

/** Replaces a file in one step: who reads meanwhile has the old one or the new one. */
async function replace(path: string, array: NpyArray): Promise<void> {
  const partial = `${path}.partial`;
  await touching(path, "written", async () => {
    try {
      await writeFile(partial, formatNpy(array), { flush: true });
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  });
}

/**
 * Saves each rotation as two NumPy files, `<layerName>.rotation.npy`, float32 `[headDim, headDim]` with eigenvectors as
 * columns, and `<layerName>.eigenvalues.npy`, float64 `[headDim]`. Files of the same names are replaced, one by one;
 * others stay. Characters that file names may not have are percent-encoded. (The published API page promises `.npy` in a
 * directory and names no files; the package behind it writes one `.npz`.)
 *
 * @param directory - made where it is missing
 * @throws `ARGUMENT` for two rotations of one name (upper and lower case count as equal), before anything is written; `IO`
 * @example
 * await saveRotations(await calibrateFromVectors([keys]), "artifacts/spectral");
 * // In Python: R = np.load("artifacts/spectral/layer_0.rotation.npy"); coordinates = keys @ R
 */
export async function saveRotations(rotations: readonly SpectralRotation[], directory: string): Promise<void> {
  if (!Array.isArray(rotations) || !rotations.every((each) => each instanceof SpectralRotation)) {
    throw new ThermoclineError(
      "ARGUMENT",
      "The rotations are no array of SpectralRotation; give what calibration gave.",
    );
  }
  const names = rotations.map(({ layerName }) => stem(layerName).toLowerCase());
  const twice = names.findIndex((name, i) => names.indexOf(name) < i);
  if (twice >= 0) {
    const name = rotations[twice]?.layerName;
    throw new ThermoclineError("ARGUMENT", `Two rotations are named ${name}; give each layer a name of its own.`);
  }
  await touching(directory, "made", () => mkdir(directory, { recursive: true }));
  for (const { rotationMatrix, eigenvalues, headDim, layerName } of rotations) {
    const path = (suffix: string) => join(directory, stem(layerName) + suffix);
    await replace(path(EIGENVALUES), { shape: [headDim], values: eigenvalues });
    await replace(path(ROTATION), { shape: [headDim, headDim], values: rotationMatrix });
  }
}

async function read(path: string, dimensions: 1 | 2): Promise<NpyArray> {
  const array = parseNpy(path, await touching(path, "read", () => readFile(path)));
  const [rows = 0] = array.shape;
  if (array.shape.length === dimensions && array.shape.every((size) => size === rows)) return array;
  const rule = dimensions === 1 ? "eigenvalues have one dimension" : "a rotation has as many rows as columns";
  throw new ThermoclineError("FORMAT", `${path} has the shape [${array.shape.join(", ")}]; ${rule}.`);
}

/**
 * Loads what `saveRotations` or a Python program saved: float32 or float64, in any order. Layers come in the order of
 * their names, numbers within them by value, so `layer_2` before `layer_10`.
 *
 * @throws `IO` where directory or files cannot be read, `FORMAT` where there are none or they hold something else,
 *   `CORRUPT` where they are cut off or are no rotation
 * @example
 * const [rotation] = await loadCachedRotations("artifacts/spectral");
 */
export async function loadCachedRotations(directory: string): Promise<SpectralRotation[]> {
  const files = await touching(directory, "read", () => readdir(directory));
  const stems = files.filter((file) => file.endsWith(ROTATION)).map((file) => file.slice(0, -ROTATION.length));
  if (stems.length === 0) {
    throw new ThermoclineError(
      "FORMAT",
      `${directory} has no file that ends in ${ROTATION}; save rotations there first.`,
    );
  }
  const order = new Intl.Collator("en", { numeric: true });
  const rotations: SpectralRotation[] = [];
  for (const stem of stems.sort(order.compare)) {
    const path = join(directory, stem + ROTATION);
    const rotation = await read(path, 2);
    const { values: eigenvalues } = await read(join(directory, stem + EIGENVALUES), 1);
    const rotationMatrix = Float32Array.from(rotation.values);
    const [headDim = 0] = rotation.shape;
    try {
      rotations.push(new SpectralRotation({ rotationMatrix, eigenvalues, headDim, layerName: layerNameOf(stem) }));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ThermoclineError("CORRUPT", `${path} and its eigenvalues are no rotation: ${reason}`, {
        cause,
      });
    }
  }
  return rotations;
}
