import { type ExplainedHit, type ExplainedHits, type Spectrum, ThermoclineError } from "@thermocline/core";
import { filterOf } from "./conditions.js";
import { CLOSE, highlighted, OPEN, piecesOf } from "./highlight.js";
import type { Inspected } from "./inspected.js";
import type { Answer, HitView, Question } from "./source.js";

/** Records whose vectors stand for what was typed. */
const MODELS = 3;

/** Hits by vector alone that are looked at to say where those of a fused ranking stood. */
const DEPTH = 100;

const NOTHING: Answer = { hits: [], scanned: { hot: 0, cold: 0 }, reranked: 0, ms: 0, note: undefined };

/** A plane that hits are placed in: see `Spectrum` of core. */
export type Plane = Pick<Spectrum, "mean" | "axes">;

/** Answers a question of the page. `metric` says whether vectors are compared as unit vectors. */
export async function searchStore(
  store: Inspected,
  question: Question,
  metric: string,
  plane: Plane | undefined,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const { namespace, conditions, k, like, mode } = question;
  const text = question.text.trim();
  const filter = filterOf(conditions);
  const common = { namespace, filter, k, explain: true, includeVectors: true, signal } as const;
  const seen = { text, metric, plane };

  if (like !== undefined) {
    const [record] = await store.get([like], { namespace, includeVectors: true });
    if (!record) return { ...NOTHING, note: "This record is gone." };
    if (!record.vector) return { ...NOTHING, note: "This record has no vector, so nothing can be like it." };
    return answerOf(await store.query({ ...common, vector: record.vector }), { ...seen, byVector: true });
  }
  if (text === "") return NOTHING;
  const typed = vectorIn(text);
  if (typed) return answerOf(await store.query({ ...common, vector: typed }), { ...seen, text: "", byVector: true });

  const words = { text, snippet: { tokens: 48, open: OPEN, close: CLOSE } } as const;
  if (mode === "words") return answerOf(await store.query({ ...common, ...words }), { ...seen, byVector: false });
  const models = await store.query({ namespace, filter, text, k: MODELS, includeVectors: true, signal });
  const vector = meanOf(models.flatMap((hit) => (hit.vector ? [hit.vector] : [])));
  if (!vector) {
    const note = "No text that has a vector has any of these words, so there is nothing to go by.";
    if (mode === "meaning") return { ...NOTHING, note };
    return { ...(await searchStore(store, { ...question, mode: "words" }, metric, plane, signal)), note };
  }
  const byVector = await store.query({ ...common, vector, k: mode === "both" ? Math.max(DEPTH, k) : k });
  if (mode === "meaning") return answerOf(byVector, { ...seen, byVector: true });
  const fused = await store.query({ ...common, ...words, vector });
  return answerOf(fused, { ...seen, byVector: false }, byVector);
}

interface Seen {
  readonly text: string;
  readonly metric: string;
  readonly plane: Plane | undefined;
  /** Whether the hits' own order is the one by vector. */
  readonly byVector: boolean;
}

function answerOf(hits: ExplainedHits, seen: Seen, places?: ExplainedHits): Answer {
  const order = seen.byVector ? hits : places;
  const found = new Map(order?.map((hit, i) => [hit.id, { before: hit.explanation.rank, after: i + 1 }]));
  const { scanned, reranked, ms } = hits.explanation;
  return {
    hits: hits.map((hit) => hitView(hit, seen, found.get(hit.id))),
    scanned,
    reranked,
    ms: Object.values(ms).reduce((sum, part) => sum + part, 0),
    note: undefined,
  };
}

function hitView(hit: ExplainedHit, seen: Seen, place: { before: number; after: number } | undefined): HitView {
  const { id, tier, score, metadata, text = "", snippet, explanation, vector } = hit;
  const [x, y] = (vector && seen.plane && placeOf(vector, seen.plane, seen.metric)) ?? [];
  return {
    id,
    tier,
    score,
    textScore: hit.textScore,
    estimate: explanation.estimate,
    exact: explanation.exact,
    before: place?.before,
    after: place?.after,
    pieces: snippet === undefined ? highlighted(text, seen.text) : piecesOf(snippet),
    metadata,
    x,
    y,
  };
}

/** Where a vector is in the plane of the first two eigen-coordinates. */
export function placeOf(vector: Float32Array, { mean, axes }: Plane, metric: string): [number, number] {
  const length = metric === "cosine" ? Math.hypot(...vector) || 1 : 1;
  const along = (axis: Float32Array | undefined) =>
    axis ? axis.reduce((sum, a, i) => sum + a * ((vector[i] ?? 0) / length - (mean[i] ?? 0)), 0) : 0;
  return [along(axes[0]), along(axes[1])];
}

/** The mean direction of vectors; undefined of none, or where they cancel each other. */
function meanOf(vectors: readonly Float32Array[]): Float32Array | undefined {
  const [first] = vectors;
  if (!first) return undefined;
  const sum = new Float32Array(first.length);
  for (const vector of vectors) {
    const length = Math.hypot(...vector) || 1;
    for (const [i, value] of vector.entries()) sum[i] = (sum[i] ?? 0) + value / length / vectors.length;
  }
  return sum.some((value) => value !== 0) ? sum : undefined;
}

/** A vector that was typed in place of words. */
function vectorIn(text: string): number[] | undefined {
  if (!/^\[\s*-?[\d.]/.test(text) || !text.endsWith("]")) return undefined;
  try {
    return JSON.parse(text) as number[];
  } catch (cause) {
    throw new ThermoclineError("ARGUMENT", "This is no JSON array of numbers; type one such as [0.1, -0.2].", {
      cause,
    });
  }
}
