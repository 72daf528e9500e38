import type { Metric } from "@thermocline/core";
import { refuse } from "./errors.js";

/** A metric as Mastra calls it. */
export type MastraMetric = "cosine" | "euclidean" | "dotproduct";

const METRICS: Readonly<Record<MastraMetric, Metric>> = { cosine: "cosine", euclidean: "euclidean", dotproduct: "dot" };

export function metricOf(name: unknown): Metric {
  const found = Object.entries(METRICS).find(([known]) => known === name);
  return found ? found[1] : refuse(`metric is ${String(name)}; use one of ${Object.keys(METRICS).join(", ")}.`);
}

export function nameOf(metric: Metric): MastraMetric {
  return metric === "dot" ? "dotproduct" : metric;
}

/**
 * A similarity as Mastra's callers weigh it. Of the distance d, whose negative core gives, they expect 1 / (1 + d), from 0 to 1.
 */
export function scoreOf(similarity: number, metric: Metric): number {
  return metric === "euclidean" ? 1 / (1 - similarity) : similarity;
}

/** The similarity behind a score; undefined for one that every vector reaches. */
export function similarityOf(score: number | undefined, metric: Metric): number | undefined {
  if (score === undefined || metric !== "euclidean") return score;
  return score > 0 ? 1 - 1 / score : undefined;
}
