import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { type Matrix, parseNpy } from "./npy.js";

/** The folder of the data that ships with the example. */
export const DATA_FOLDER = fileURLToPath(new URL("../data", import.meta.url));

/** One abstract. */
export interface Abstract {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** One claim to be checked against the abstracts, and which of them the judges found relevant (id → grade). */
export interface Claim {
  readonly id: string;
  readonly text: string;
  readonly relevance: ReadonlyMap<string, number>;
}

/** SciFact in BEIR's form. Row `i` of a matrix belongs to entry `i` of the list beside it. */
export interface Dataset {
  readonly abstracts: readonly Abstract[];
  readonly abstractVectors: Matrix;
  readonly claims: readonly Claim[];
  readonly claimVectors: Matrix;
}

/** Reads the data set; throws when its files do not fit each other. */
export async function loadDataset(folder: string = DATA_FOLDER): Promise<Dataset> {
  const read = (name: string): Promise<Buffer> => readFile(path.join(folder, name));
  const [corpus, queries, qrels, abstractBytes, claimBytes] = await Promise.all(
    ["corpus.jsonl.gz", "queries.jsonl", "qrels.tsv", "documents.f16.npy", "queries.f16.npy"].map(read),
  );
  if (!corpus || !queries || !qrels || !abstractBytes || !claimBytes) throw new Error(`${folder} is not complete`);
  const judgements = parseQrels(qrels.toString("utf8"));
  const abstracts = parseLines(gunzipSync(corpus)).map((line) => ({
    id: field(line, "_id"),
    title: field(line, "title"),
    text: field(line, "text"),
  }));
  const claims = parseLines(queries).map((line) => {
    const id = field(line, "_id");
    const relevance = judgements.get(id);
    if (!relevance) throw new Error(`claim ${id} has no judgement`);
    return { id, text: field(line, "text"), relevance };
  });
  const dataset = { abstracts, claims, abstractVectors: parseNpy(abstractBytes), claimVectors: parseNpy(claimBytes) };
  check(dataset);
  return dataset;
}

/** BEIR's `query-id  corpus-id  score` table with its header line, as query id → document id → grade. */
export function parseQrels(tsv: string): Map<string, Map<string, number>> {
  const judgements = new Map<string, Map<string, number>>();
  for (const line of tsv.split("\n").slice(1)) {
    if (line.trim() === "") continue;
    const [query, document, grade] = line.trim().split("\t");
    if (!query || !document || !Number.isInteger(Number(grade))) throw new Error(`not a judgement: "${line}"`);
    const judged = judgements.get(query) ?? new Map<string, number>();
    judgements.set(query, judged.set(document, Number(grade)));
  }
  return judgements;
}

function parseLines(bytes: Uint8Array): unknown[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  return lines.filter((line) => line !== "").map((line): unknown => JSON.parse(line));
}

function field(line: unknown, name: string): string {
  const value: unknown = typeof line === "object" && line !== null ? Reflect.get(line, name) : undefined;
  if (typeof value !== "string") throw new Error(`a line of the data has no text in "${name}"`);
  return value;
}

function check({ abstracts, abstractVectors, claims, claimVectors }: Dataset): void {
  if (abstracts.length !== abstractVectors.rows || claims.length !== claimVectors.rows) {
    throw new Error(
      `${abstracts.length} abstracts and ${claims.length} claims do not fit ` +
        `${abstractVectors.rows} and ${claimVectors.rows} vectors`,
    );
  }
  if (abstractVectors.dim !== claimVectors.dim) {
    throw new Error(`abstracts have ${abstractVectors.dim} dimensions, claims ${claimVectors.dim}`);
  }
}
