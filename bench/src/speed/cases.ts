import type { OpenOptions } from "@thermocline/core";

/** One measurement as data: what to search, how, and the overlap below which the answer is wrong. */
export interface Case {
  readonly name: string;
  readonly rows: number;
  readonly dim: number;
  readonly k: number;
  /** A plain Float32Array loop, or a store opened with these options and all of its rows moved to one tier. */
  readonly contender: "loop" | { readonly tier: "hot" | "cold"; readonly options: OpenOptions };
  /** Least share of the exact top k. */
  readonly overlap: number;
}

const hot: Case["contender"] = { tier: "hot", options: { hot: { capacity: Number.POSITIVE_INFINITY } } };

function cold(codec: "eigen" | "fourier", bytes: number): Case["contender"] {
  const options: OpenOptions = {
    hot: { capacity: Number.POSITIVE_INFINITY },
    cold: { codec, bytes },
    originals: "none",
  };
  return { tier: "cold", options };
}

function sized(rows: number): Case[] {
  const size = { rows, dim: 384, k: 10 };
  return [
    { name: `Float32Array loop, ${rows} rows`, ...size, contender: "loop", overlap: 1 },
    { name: `hot, ${rows} rows`, ...size, contender: hot, overlap: 0.999 },
    { name: `eigen 24 B, ${rows} rows`, ...size, contender: cold("eigen", 24), overlap: 0.5 },
    { name: `eigen 48 B, ${rows} rows`, ...size, contender: cold("eigen", 48), overlap: 0.65 },
    { name: `Fourier 192 B, ${rows} rows`, ...size, contender: cold("fourier", 192), overlap: 0.15 },
  ];
}

/** What `npm run bench -- speed` measures; `--check` takes the small ones only. */
export const CASES: readonly Case[] = [...sized(5_000), ...sized(50_000)];
