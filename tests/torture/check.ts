import type { OpenOptions, StoredRecord, Thermocline } from "@thermocline/core";
import { similarity } from "../support/synthetic.js";
import { DIM, random, recordOf, TAGS, vectorOf } from "./log.js";
import type { Model } from "./model.js";

/** Queries asked of a store after each kill. */
const QUERIES = 6;
const K = 10;

export interface Findings {
  /** Records that were acknowledged and are not there, or are there as they were before. */
  lost: number;
  /** Records that are there and should not be. */
  resurrected: number;
  /** Records that are there, and not as anyone wrote them; counts that disagree. */
  corrupt: number;
  rankingsChecked: number;
  rankingsWrong: number;
  recordsChecked: number;
  /** Those of them that were cold. */
  coldChecked: number;
  /** What was asked and answered where a ranking was wrong. */
  wrong: readonly string[];
}

type Found = ReadonlyMap<string, ReadonlyMap<number, StoredRecord>>;

async function everything(store: Thermocline): Promise<Found> {
  const found = new Map<string, Map<number, StoredRecord>>();
  for (const { name } of await store.namespaces()) {
    const records = new Map<number, StoredRecord>();
    for await (const record of store.list({ namespace: name, includeVectors: true })) {
      records.set(Number(record.id.slice(1)), record);
    }
    found.set(name, records);
  }
  return found;
}

/** How far a vector that comes back may be from the one that went in. */
function isVector(found: Float32Array, given: Float32Array, options: OpenOptions, cold: boolean): boolean {
  // A code of 16 bytes keeps the direction of a vector of 16 components nearly.
  if (options.originals === "none" && cold) return similarity("cosine", found, given) > 0.8;
  // A hot row may have been cold, and then has its vector from half floats.
  const tolerance = options.originals === "float16" ? 2e-3 : 0;
  return found.every((x, i) => Math.abs(x - (given[i] ?? 0)) <= tolerance * Math.abs(given[i] ?? 0) + tolerance);
}

function differences(model: Model, found: Found): Pick<Findings, "lost" | "resurrected"> {
  let [lost, resurrected] = [0, 0];
  for (const [namespace, records] of model) {
    for (const [id, seed] of records) if (found.get(namespace)?.get(id)?.metadata.seed !== seed) lost += 1;
  }
  for (const [namespace, records] of found) {
    for (const id of records.keys()) if (!model.get(namespace)?.has(id)) resurrected += 1;
  }
  return { lost, resurrected };
}

/** Compares a store with what its log allows, and returns what it found and the model that fits best. */
export async function check(
  store: Thermocline,
  models: readonly Model[],
  options: OpenOptions,
  seed: number,
): Promise<{ readonly findings: Findings; readonly model: Model }> {
  const found = await everything(store);
  const [best] = models
    .map((model) => ({ model, ...differences(model, found) }))
    .sort((a, b) => a.lost + a.resurrected - b.lost - b.resurrected);
  if (!best) throw new Error("There is no model to compare with.");
  const { model, lost, resurrected } = best;
  let corrupt = 0;
  let [recordsChecked, coldChecked] = [0, 0];
  for (const [namespace, each] of found) {
    recordsChecked += each.size;
    if ((await store.count(undefined, { namespace })) !== each.size) corrupt += 1;
    for (const [id, { metadata, text, tier, vector }] of each) {
      if (tier === "cold") coldChecked += 1;
      const written = recordOf(id, Number(metadata.seed));
      const same = text === written.text && metadata.tag === written.metadata.tag;
      const right = written.vector
        ? vector && isVector(vector, written.vector, options, tier === "cold")
        : !vector && tier === "none";
      if (!same || !right) corrupt += 1;
    }
  }
  if (store.stats().records !== recordsChecked) corrupt += 1;
  const rankings = await checkRankings(store, found, options, seed);
  return { findings: { lost, resurrected, corrupt, ...rankings, recordsChecked, coldChecked }, model };
}

/** Asks for the most similar of every namespace, with and without filters, and works the answer out by itself. */
async function checkRankings(store: Thermocline, found: Found, options: OpenOptions, seed: number) {
  const next = random(seed);
  const metric = options.metric ?? "cosine";
  // A code's score undoes most of what coding takes of a row's length, a cosine to what the code stands for all of it: of a badly coded
  // row they differ by a twentieth.
  const tolerance = options.originals === "float32" ? 2e-5 : options.originals === "none" ? 1e-1 : 1e-2;
  let rankingsChecked = 0;
  const wrong: string[] = [];
  for (const [namespace, records] of found) {
    for (let i = 0; i < QUERIES; i++) {
      const query = vectorOf(Math.floor(next() * 40), Math.floor(next() * 2 ** 24));
      const tags = Array.from({ length: TAGS }, (_, tag) => tag).filter(() => next() < 0.3);
      const filtered = i % 2 === 1;
      // Every cold row is rescored, so that the ranking is exact wherever originals are.
      const hits = await store.query({
        vector: query,
        k: K,
        namespace,
        rerank: 10_000,
        ...(filtered && { filter: { tag: { $in: tags } } }),
      });
      const scores = new Map<string, number>();
      for (const [id, { metadata, tier, vector }] of records) {
        if (tier === "none" || (filtered && !tags.includes(id % TAGS))) continue;
        // What a code stands for is all that is known of a vector that was not kept.
        const coded = options.originals === "none" && tier === "cold";
        const known = coded ? (vector ?? new Float32Array(DIM)) : vectorOf(id, Number(metadata.seed));
        scores.set(`r${id}`, similarity(metric, query, known));
      }
      const expected = [...scores.values()].sort((a, b) => b - a).slice(0, K);
      const right =
        hits.length === expected.length &&
        new Set(hits.map(({ id }) => id)).size === hits.length &&
        hits.every(
          ({ id, score }, rank) =>
            Math.abs(score - (expected[rank] ?? Number.NaN)) <= tolerance &&
            Math.abs(score - (scores.get(id) ?? Number.NaN)) <= tolerance,
        );
      rankingsChecked += 1;
      if (right) continue;
      const given = hits.map(({ id, score, tier }) => `${id} ${tier} ${score} (${scores.get(id)})`);
      const asked = `query ${i} of ${namespace}${filtered ? `, tags ${tags}` : ""}, originals ${options.originals}`;
      wrong.push(`${asked}: found ${given.join(", ")}; expected scores ${expected.join(", ")}`);
    }
  }
  return { rankingsChecked, rankingsWrong: wrong.length, wrong };
}
