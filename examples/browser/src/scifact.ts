import type { RecordInput } from "@thermocline/core/browser";
import { halfToNumber } from "../../beir-scifact/src/npy.js";

/** A claim to be checked, its vector, and the abstracts that judges found relevant. */
export interface Claim {
  readonly text: string;
  readonly vector: Float32Array;
  readonly relevance: ReadonlyMap<string, number>;
}

/** The abstracts as records, a batch at a time, so that reading them never holds up the page. */
export async function* abstracts(batch: number): AsyncGenerator<RecordInput[]> {
  const [packed, vectors] = await Promise.all([get("corpus.jsonl.gz"), get("documents.f16.npy")]);
  const lines = packed.body?.pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream());
  const rowOf = rowsOf(await vectors.arrayBuffer());
  let records: RecordInput[] = [];
  let row = 0;
  for await (const line of linesOf(lines ?? new ReadableStream())) {
    const { _id: id, title, text } = JSON.parse(line) as { _id: string; title: string; text: string };
    records.push({ id, vector: rowOf(row), text: `${title}\n${text}`, metadata: { row } });
    row += 1;
    if (records.length === batch) {
      yield records;
      records = [];
    }
  }
  if (records.length > 0) yield records;
}

/** The 300 claims. */
export async function claims(): Promise<Claim[]> {
  const [lines, judged, vectors] = await Promise.all([get("queries.jsonl"), get("qrels.tsv"), get("queries.f16.npy")]);
  const relevance = new Map<string, Map<string, number>>();
  for (const line of (await judged.text()).trim().split("\n").slice(1)) {
    const [claim = "", id = "", grade] = line.trim().split("\t");
    relevance.set(claim, (relevance.get(claim) ?? new Map<string, number>()).set(id, Number(grade)));
  }
  const rowOf = rowsOf(await vectors.arrayBuffer());
  return (await lines.text())
    .trim()
    .split("\n")
    .map((line, row) => {
      const { _id: id, text } = JSON.parse(line) as { _id: string; text: string };
      return { text, vector: rowOf(row), relevance: relevance.get(id) ?? new Map() };
    });
}

async function get(name: string): Promise<Response> {
  const response = await fetch(`data/${name}`);
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return response;
}

async function* linesOf(text: ReadableStream<string>): AsyncGenerator<string> {
  let rest = "";
  const reader = text.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const lines = (rest + chunk.value).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** Rows of a NumPy file of float16 `[n][d]`, version 1. */
function rowsOf(file: ArrayBuffer): (row: number) => Float32Array {
  const view = new DataView(file);
  const start = 10 + view.getUint16(8, true);
  const header = new TextDecoder().decode(file.slice(10, start));
  const dim = Number(/'shape': \(\d+, (\d+)\)/.exec(header)?.[1]);
  if (!header.includes("'<f2'") || !dim) throw new Error(`not float16 [n][d]: ${header}`);
  return (row) => {
    const vector = new Float32Array(dim);
    for (let i = 0; i < dim; i++) vector[i] = halfToNumber(view.getUint16(start + 2 * (row * dim + i), true));
    return vector;
  };
}
