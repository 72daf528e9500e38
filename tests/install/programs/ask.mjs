// What every project does with its store: fills it, moves all of it down, asks it, and says what that ran on.
import { Thermocline } from "@thermocline/core";

/** @param {import("@thermocline/core").OpenOptions} [options] */
export async function ask(options = {}) {
  const store = await Thermocline.open({ cold: { bytes: 4, effort: "fast" }, ...options });
  const vectors = Array.from({ length: 300 }, (_, i) =>
    Array.from({ length: 16 }, (_, j) => Math.sin(1 + i * (j + 1))),
  );
  await store.upsert(vectors.map((vector, i) => ({ id: `r${i}`, vector, text: `text ${i}` })));
  await store.demote({ all: true });
  const [hit] = await store.query({ vector: vectors[7] ?? [], k: 1 });
  const { backend, fallback } = store.stats().kernel;
  await store.close();
  return { found: hit?.id, tier: hit?.tier, backend, fallback };
}
