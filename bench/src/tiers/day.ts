import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseNpy } from "../../../examples/beir-scifact/src/npy.js";
import type { Kernel } from "../../../packages/core/src/kernel/kernel.js";
import { loadCollection } from "../quality/collection.js";

/** Hits of a query. */
export const TOP = 10;

/** Different questions of a day. */
const QUESTIONS = 10_000;

/** How much of a random sentence is added to a definition to make a question of it. */
const TURN = 0.5;

/** Rows or queries that cross the kernel's waist at a time. */
const CHUNK = 200;

/** What there is to find, and what may be asked. Rows are numbered from 1, as a store numbers them. */
export interface World {
  readonly dim: number;
  readonly documents: Float32Array;
  /** `[n][dim]`, unit vectors. */
  readonly questions: Float32Array;
  /** `[n][10]`: the rows of each question's exact answers. */
  readonly answers: Uint32Array;
}

/** Whole numbers below 2³² from a linear congruential generator, as shares of 1. */
export function uniform(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** WordNet's definitions, and as questions its 2,000 sentences and 8,000 definitions turned towards one of those; undefined without it. */
export async function wordnet(kernel: Kernel, folder: string): Promise<World | undefined> {
  const file = path.join(folder, "wordnet", "queries.f16.npy");
  const collection = existsSync(file) ? await loadCollection(kernel, "wordnet", folder) : undefined;
  if (!collection) return undefined;
  const { documents, dim } = collection;
  return worldOf(kernel, dim, documents, kernel.toUnit(parseNpy(await readFile(file)).values, dim), QUESTIONS);
}

/** Questions about documents, `count` of them with the sentences, and their exact answers. */
export async function worldOf(
  kernel: Kernel,
  dim: number,
  documents: Float32Array,
  sentences: Float32Array,
  count: number,
): Promise<World> {
  const random = uniform(1);
  const given = Math.min(sentences.length / dim, count);
  const rows = documents.length / dim;
  const made = new Float32Array(count * dim);
  made.set(sentences.subarray(0, given * dim));
  for (let i = given; i < count; i++) {
    const row = Math.floor(((i - given) * rows) / (count - given));
    const sentence = Math.floor(random() * given);
    for (let j = 0; j < dim; j++) {
      made[i * dim + j] = (documents[row * dim + j] ?? 0) + TURN * (sentences[sentence * dim + j] ?? 0);
    }
  }
  const questions = kernel.toUnit(made, dim);
  const partition = kernel.partition(dim, "cosine");
  for (let at = 0; at < rows; at += CHUNK) {
    const vectors = documents.subarray(at * dim, Math.min(at + CHUNK, rows) * dim);
    partition.putHot(
      Uint32Array.from({ length: vectors.length / dim }, (_, i) => at + i + 1),
      vectors,
    );
  }
  const answers = new Uint32Array(count * TOP);
  for (let at = 0; at < count; at += CHUNK) {
    const queries = questions.subarray(at * dim, Math.min(at + CHUNK, count) * dim);
    const found = await partition.search({ queries, hot: TOP, cold: 0, symmetric: false });
    for (const [i, { hotRows }] of found.entries()) answers.set(hotRows, (at + i) * TOP);
  }
  return { dim, documents, questions, answers };
}

/** Topics that follow each other. */
const TOPICS = 24;

/** Share of the queries that are about the topic of their hour; the others follow one order all day. */
const TOPICAL = 0.5;

/**
 * The questions of a day, in order: the one of rank r is asked in proportion to r^-skew. Half of the ranks are those of one random order,
 * the others of nearness to another question every hour.
 */
export function dayOf(
  kernel: Kernel,
  { dim, questions }: World,
  { seed, skew, queries }: { readonly seed: number; readonly skew: number; readonly queries: number },
): Uint32Array {
  const random = uniform(seed);
  const count = questions.length / dim;
  const standing = shuffled(count, random);
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) {
    sum += rank ** -skew;
    sums[rank - 1] = sum;
  }
  const hour = Math.ceil(queries / TOPICS);
  let topic: Uint32Array = standing;
  return Uint32Array.from({ length: queries }, (_, n) => {
    if (n % hour === 0) {
      const centre = Math.floor(random() * count);
      const scores = kernel.similarities("cosine", questions.subarray(centre * dim, (centre + 1) * dim), questions);
      topic = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
    }
    const order = random() < TOPICAL ? topic : standing;
    return order[rankOf(sums, random() * sum)] ?? 0;
  });
}

/** The first place whose sum is above. */
function rankOf(sums: Float64Array, drawn: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) <= drawn) low = middle + 1;
    else high = middle;
  }
  return low;
}

function shuffled(count: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}
