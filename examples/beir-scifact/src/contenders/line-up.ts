import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { Setting } from "../row.js";
import { bruteForce } from "./brute-force.js";
import type { Contender } from "./contender.js";
import { memoryVectorStore } from "./memory.js";
import { thermocline } from "./thermocline.js";

const FOURIER_BINS = [8, 32, 64];
const FOURIER_BYTES_PER_BIN = 3;
const EIGEN_BYTES = [16, 24, 32, 48, 96, 192];

/** Every row of the table, in its order. */
export function lineUp(embeddings: EmbeddingsInterface, dim: number, seed: number): Contender[] {
  return [
    bruteForce(dim),
    ...thermoclineSettings(dim).map((setting) => thermocline(setting, embeddings, seed)),
    // Last, so that its arrays of numbers are not on the heap while the others are timed.
    memoryVectorStore(embeddings, dim),
  ];
}

function thermoclineSettings(dim: number): Setting[] {
  return [
    { name: "Thermocline, all hot", codec: null, scoring: null, bytes: 4 * dim, originals: "float32" },
    ...(["symmetric", "asymmetric"] as const).flatMap((scoring) =>
      FOURIER_BINS.map(
        (bins): Setting => ({
          name: `Fourier K=${bins} ${scoring}`,
          codec: "fourier",
          scoring,
          bytes: FOURIER_BYTES_PER_BIN * bins,
          originals: "none",
        }),
      ),
    ),
    ...EIGEN_BYTES.map(
      (bytes): Setting => ({
        name: `eigen ${bytes} B`,
        codec: "eigen",
        scoring: "asymmetric",
        bytes,
        originals: "none",
      }),
    ),
    {
      name: "tiered: 24 B, reranked from float16",
      codec: "eigen",
      scoring: "asymmetric",
      bytes: 24,
      originals: "float16",
    },
  ];
}
