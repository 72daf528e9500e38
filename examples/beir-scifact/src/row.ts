import type { Originals } from "@thermocline/core";

/** What a row of the table is about: how vectors are kept and scored. Null where a word does not apply. */
export interface Setting {
  readonly name: string;
  readonly codec: "eigen" | "fourier" | null;
  readonly scoring: "asymmetric" | "symmetric" | null;
  /** Bytes of the representation that a query scans, per row. */
  readonly bytes: number;
  /** What the store keeps on disk of a vector, to rerank from; null where nothing is on disk. */
  readonly originals: Originals | null;
}

/** One row of the table, and of `--json`. Metrics are means over the claims, at rank 10. */
export interface Row extends Setting {
  readonly ndcg10: number;
  readonly mrr10: number;
  readonly recall10: number;
  /** How much of the exact top ten is in this row's top ten. */
  readonly overlap10: number;
  /** What the tiers hold in memory: vectors or codes, row numbers, live bits. Codebooks and texts are not in it. */
  readonly ramBytesPerRow: number;
  /** The closed database file over the rows, texts included; null where nothing is on disk. */
  readonly diskBytesPerRow: number | null;
  /** The median of one `similaritySearchVectorWithScore(vector, 10)`. */
  readonly msPerQuery: number;
  /** From the first `addVectors` until every row is where the setting says. */
  readonly ingestRowsPerSecond: number;
}
