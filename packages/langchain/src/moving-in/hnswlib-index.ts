import type { SourceFile } from "../directory.js";
import { count64, floats, type Reading, refuse } from "./source.js";

/** A point of an index: its label, and its vector unless it was marked as deleted. */
export interface Point {
  readonly label: number;
  readonly vector: Float32Array | undefined;
}

/** Numbers before the points: nine of 8 bytes, two of 4, one of 8 that is a double. */
const HEADER = 96;
const LABEL = 8;
/** Of a point's list of links: how many they are, in two bytes, and whether the point is deleted, in the third. */
const LINKS = 4;
const DELETED = 2;

/**
 * The points of an index that hnswlib wrote (`saveIndex`) on a machine of 64 bits. The file says how large a point is and where
 * in it lie links, vector and label; all of it must agree with `dim`, which the file does not name.
 */
export async function* hnswlibPoints(
  file: SourceFile,
  dim: number,
  reading: Reading,
): AsyncGenerator<Point, void, undefined> {
  if (file.size < HEADER)
    refuse(file, "FORMAT", `is no index of hnswlib: it has ${file.size} bytes, not even a header`);
  const bytes = await reading.bytes(file, 0, HEADER);
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  const number = (offset: number, what: string) => count64(file, header, offset, what);
  const capacity = number(8, "its capacity");
  const points = number(16, "its number of points");
  const size = number(24, "the size of a point");
  const labelAt = number(32, "the place of labels");
  const vectorAt = number(40, "the place of vectors");
  const links = number(64, "the links of a point");
  const fits = vectorAt === LINKS + 4 * links && labelAt === vectorAt + 4 * dim && size === labelAt + LABEL;
  if (number(0, "the place of its points") !== 0 || points > capacity || !fits) {
    refuse(
      file,
      "FORMAT",
      `is no index of hnswlib with ${dim} dimensions: its header contradicts itself or that number`,
    );
  }
  // Behind the points each has the length of its upper lists of links, at least.
  if (file.size < HEADER + points * (size + LINKS)) {
    refuse(file, "CORRUPT", `is cut off: ${points} points of ${size} bytes do not fit into ${file.size} bytes`);
  }
  for await (const view of reading.entries(file, HEADER, size, points)) {
    const label = count64(file, view, labelAt, "a label");
    yield { label, vector: view.getUint8(DELETED) & 1 ? undefined : floats(view, vectorAt, dim) };
  }
}
