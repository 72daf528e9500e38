import type { OpenOptions } from "@thermocline/core";

/** Components of every vector. */
export const DIM = 16;

/** Ids that a namespace's records have: few, so that they are replaced and deleted often. */
export const IDS = 400;

/** Groups that records are in, by which they are selected. */
export const TAGS = 7;

/** A call that changes what is stored, as the log has it. `seed` makes a record's content. */
export type Operation =
  | { readonly call: "upsert"; readonly namespace: string; readonly ids: readonly number[]; readonly seed: number }
  | { readonly call: "delete"; readonly namespace: string; readonly ids: readonly number[] }
  | { readonly call: "deleteTag"; readonly namespace: string; readonly tag: number }
  | { readonly call: "copyNamespace"; readonly namespace: string; readonly target: string }
  | { readonly call: "dropNamespace"; readonly namespace: string };

/** What a writer is told when it is its turn. Its namespaces begin with its name. */
export interface Task {
  readonly path: string;
  readonly options: OpenOptions;
  readonly name: string;
  readonly seed: number;
}

/** What a writer says, a line each: before a call, and after it. Moves change no record, and are only counted. */
export type Line =
  | { readonly ready: true }
  | { readonly opened: true }
  | { readonly begin: Operation }
  | { readonly acknowledged: true }
  | { readonly moved: string }
  | { readonly failed: string };

/** Random numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The vector of a record: near one of forty centres. */
export function vectorOf(id: number, seed: number): Float32Array {
  const next = random(seed * IDS + id);
  return Float32Array.from({ length: DIM }, (_, j) => Math.sin(1 + (id % 40) * (j + 1)) + (next() - 0.5) / 2);
}

/** Whether a call gave a record no vector: so few of them that ids change between the two. */
export function isPlain(id: number, seed: number): boolean {
  return (id + seed) % 9 === 0;
}

/** The record that a call wrote. */
export function recordOf(id: number, seed: number) {
  return {
    id: `r${id}`,
    ...(!isPlain(id, seed) && { vector: vectorOf(id, seed) }),
    text: `${id} by ${seed}`,
    metadata: { tag: id % TAGS, seed },
  };
}
