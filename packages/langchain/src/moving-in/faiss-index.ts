import type { SourceFile } from "../directory.js";
import { count64, floats, type Reading, refuse } from "./source.js";

/** The vectors of an index in their order, and what the index calls them. */
export interface FaissVectors {
  readonly metric: "dot" | "euclidean";
  readonly vectors: Float32Array[];
  /** The label of each; undefined where labels are places. */
  readonly labels: number[] | undefined;
}

const FLAT: Readonly<Record<string, "dot" | "euclidean" | undefined>> = { IxF2: "euclidean", IxFI: "dot" };
const MAPPED = ["IxMp", "IxM2"];

/** What every index begins with: its kind, components, vectors, two numbers without a meaning, whether it is trained, its metric. */
const HEADER = 4 + 4 + 8 + 8 + 8 + 1 + 4;
const METRICS = ["dot", "euclidean"] as const;

/** A flat index as FAISS writes it (`IndexFlatL2`, `IndexFlatIP`, either within an `IndexIDMap`): whole vectors, uncompressed. */
export async function faissVectors(file: SourceFile, reading: Reading): Promise<FaissVectors> {
  const outer = await headerOf(file, 0, reading);
  const mapped = MAPPED.includes(outer.kind);
  const flat = mapped ? await headerOf(file, HEADER, reading) : outer;
  const metric = FLAT[flat.kind];
  if (metric === undefined) {
    const rule = "only IndexFlatL2 and IndexFlatIP, also within an IndexIDMap, keep vectors as they were";
    return refuse(file, "UNSUPPORTED", `holds an index of kind ${JSON.stringify(flat.kind)}; ${rule}`);
  }
  const { dim, count } = flat;
  const begin = HEADER * (mapped ? 2 : 1);
  const agrees = flat.metric === metric && (!mapped || (outer.dim === dim && outer.count === count));
  if (!agrees || (await lengthAt(file, begin, reading)) !== dim * count) {
    return refuse(
      file,
      "CORRUPT",
      `contradicts itself: its vectors are not ${count} of ${dim} components by ${metric}`,
    );
  }
  const end = begin + 8 + 4 * dim * count;
  const mapLength = mapped ? 8 + 8 * count : 0;
  if (file.size !== end + mapLength) {
    return refuse(file, "CORRUPT", `has ${file.size} bytes where ${count} vectors make ${end + mapLength}`);
  }
  const vectors: Float32Array[] = [];
  for await (const view of reading.entries(file, begin + 8, 4 * dim, count)) vectors.push(floats(view, 0, dim));
  return { metric, vectors, labels: mapped ? await labelsAt(file, end, count, reading) : undefined };
}

async function headerOf(file: SourceFile, offset: number, reading: Reading) {
  if (file.size < offset + HEADER + 8) refuse(file, "FORMAT", `is no index of FAISS: it ends before its header does`);
  const bytes = await reading.bytes(file, offset, HEADER);
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  const kind = String.fromCharCode(...bytes.subarray(0, 4));
  if (!/^I\w{3}$/.test(kind)) refuse(file, "FORMAT", `is no index of FAISS: it begins with ${JSON.stringify(kind)}`);
  const dim = view.getInt32(4, true);
  const count = count64(file, view, 8, "its number of vectors");
  if (dim < 1) refuse(file, "FORMAT", `has vectors of ${dim} components`);
  return { kind, dim, count, metric: METRICS[view.getInt32(33, true)] };
}

async function lengthAt(file: SourceFile, offset: number, reading: Reading): Promise<number> {
  const bytes = await reading.bytes(file, offset, 8);
  return count64(file, new DataView(bytes.buffer, bytes.byteOffset, 8), 0, "a length");
}

async function labelsAt(file: SourceFile, offset: number, count: number, reading: Reading): Promise<number[]> {
  if ((await lengthAt(file, offset, reading)) !== count) refuse(file, "CORRUPT", `has not one label for each vector`);
  const labels: number[] = [];
  for await (const view of reading.entries(file, offset + 8, 8, count)) labels.push(count64(file, view, 0, "a label"));
  return labels;
}
