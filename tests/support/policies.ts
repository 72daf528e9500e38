import { dayOf, type World, worldOf } from "../../bench/src/tiers/day.js";
import { POLICIES, replayed } from "../../bench/src/tiers/measure.js";
import { loadKernel } from "../../packages/core/src/kernel/load.js";
import { embeddings } from "./synthetic.js";

export { POLICIES };

const DIM = 16;
const ROWS = 10_000;
const CAPACITY = 500;

let world: Promise<World> | undefined;

async function madeWorld(): Promise<World> {
  const kernel = await loadKernel(undefined);
  const flat = (vectors: readonly Float32Array[]) => {
    const all = new Float32Array(vectors.length * DIM);
    for (const [i, vector] of vectors.entries()) all.set(vector, i * DIM);
    return kernel.toUnit(all, DIM);
  };
  return worldOf(kernel, DIM, flat(embeddings(ROWS, DIM, 1)), flat(embeddings(300, DIM, 2)), 1_000);
}

/** Share of hot hits of three small days by policy: the short form of `bench -- tiers`. */
export async function replayedDay(skew: number): Promise<Record<(typeof POLICIES)[number], number>> {
  world ??= madeWorld();
  const kernel = await loadKernel(undefined);
  const made = await world;
  const { hotShare, lru } = await replayed(kernel, made, skew, { queries: 1_500, seeds: 3, capacity: CAPACITY });
  const first = ROWS - CAPACITY;
  const day = dayOf(kernel, made, { seed: 1, skew, queries: 1_500 });
  const hits = [...day].flatMap((question) => [...made.answers.subarray(question * 10, question * 10 + 10)]);
  return { thermocline: hotShare, lru, none: hits.filter((row) => row > first).length / hits.length };
}
