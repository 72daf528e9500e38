import { ThermoclineError } from "../errors.js";
import type { CodecSpec } from "../kernel/kernel.js";
import type { Metric, OpenOptions, Originals } from "../types.js";

/** What a store is. The file fixes all but `hotCapacity`, `symmetric`, `effort` and `seed`, which each opening may choose. */
export interface Settings {
  readonly metric: Metric;
  readonly originals: Originals;
  readonly codec: "eigen" | "fourier";
  readonly bytes: number;
  readonly hotCapacity: number;
  readonly symmetric: boolean;
  readonly effort: "fast" | "best" | undefined;
  readonly seed: number;
}

export const MAX_DIM = 65_536;
const MAX_BYTES = { eigen: 512, fourier: 4 * 32_769 } as const;

/** Names what was given in an error message, shortly. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}

export function integer(name: string, value: unknown, least: number, greatest: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= greatest) return value;
  throw new ThermoclineError(
    "ARGUMENT",
    `${name} is ${shown(value)}; give a whole number from ${least} to ${greatest}.`,
  );
}

function oneOf<const T extends string>(name: string, value: unknown, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new ThermoclineError("ARGUMENT", `${name} is ${shown(value)}; use one of ${known.join(", ")}.`);
}

/** Checks the options of `open` and joins them with what the file says, if there is one. */
export function resolveSettings(options: OpenOptions, stored: ReadonlyMap<string, string>): Settings {
  const fixed = (name: string, given: unknown, otherwise: string): string => {
    const before = stored.get(name);
    if (before !== undefined && given !== undefined && String(given) !== before) {
      throw new ThermoclineError(
        "ARGUMENT",
        `${name} is ${shown(given)}, but this store was made with ${before}; leave it out, or make a new store.`,
      );
    }
    return before ?? String(given ?? otherwise);
  };
  const chosen = <T extends string>(name: string, given: unknown, otherwise: T, known: readonly T[]): T => {
    if (given !== undefined) oneOf(name, given, known);
    return oneOf(name, fixed(name, given, otherwise), known);
  };
  const cold = options.cold ?? {};
  const codec = chosen("codec", cold.codec, "eigen", ["eigen", "fourier"]);
  const scoring = oneOf("cold.scoring", cold.scoring ?? "asymmetric", ["asymmetric", "symmetric"]);
  if (scoring === "symmetric" && codec === "eigen") {
    throw new ThermoclineError("UNSUPPORTED", "Symmetric scoring is the Fourier codec's; set cold.codec to fourier.");
  }
  if (cold.bytes !== undefined) integer("cold.bytes", cold.bytes, 2, MAX_BYTES[codec]);
  const capacity = options.hot?.capacity ?? 20_000;
  return {
    metric: chosen("metric", options.metric, "cosine", ["cosine", "dot", "euclidean"]),
    originals: chosen("originals", options.originals, "float16", ["float32", "float16", "none"]),
    codec,
    bytes: integer("cold.bytes", Number(fixed("bytes", cold.bytes, "48")), 2, MAX_BYTES[codec]),
    hotCapacity: capacity === Number.POSITIVE_INFINITY ? capacity : integer("hot.capacity", capacity, 0, 2 ** 32),
    symmetric: scoring === "symmetric",
    effort: cold.effort === undefined ? undefined : oneOf("cold.effort", cold.effort, ["fast", "best"]),
    seed: integer("cold.seed", cold.seed ?? 0, 0, 2 ** 32 - 1),
  };
}

/** What the file of a store says of it, but for its dimension. */
const FIXED = ["metric", "originals", "codec", "bytes"];

/** Refuses settings that no store writes. A file without any was left by a process that ended while it made it. */
export function refuseDamaged(path: string, stored: ReadonlyMap<string, string>): void {
  const missing = FIXED.find((key) => stored.size > 0 && !stored.has(key));
  const dim = Number(stored.get("dim") ?? 1);
  try {
    if (missing !== undefined) throw new ThermoclineError("ARGUMENT", `${missing} is missing.`);
    integer("dim", dim, 1, MAX_DIM);
    resolveSettings({}, stored);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ThermoclineError("CORRUPT", `${path} has damaged settings: ${reason} Restore a backup.`, { cause });
  }
}

/** What of the settings the file keeps. */
export function storedSettings(settings: Settings): ReadonlyMap<string, string> {
  const { metric, originals, codec, bytes } = settings;
  return new Map(Object.entries({ metric, originals, codec, bytes: String(bytes) }));
}

/** What to fit for vectors of `dim` components, of which the codebook will serve `rows`. */
export function codecSpec(settings: Settings, dim: number, rows?: number): CodecSpec {
  const { codec, bytes, effort, seed } = settings;
  if (codec === "eigen") return { codec, bytes, effort, seed, rows };
  const bins = Math.floor(dim / 2) + 1;
  const each = bins <= 256 ? 3 : 4;
  const topK = bytes / each;
  if (Number.isInteger(topK) && topK >= 1 && topK <= bins) return { codec, topK };
  throw new ThermoclineError(
    "ARGUMENT",
    `cold.bytes is ${bytes}; at ${dim} dimensions the Fourier codec takes ${each} bytes a bin and has ${bins} bins: ` +
      `give a multiple of ${each} up to ${each * bins}.`,
  );
}

/** The settings that options and file agree on. */
export function agree(options: OpenOptions, given: number | undefined, stored: ReadonlyMap<string, string>): Settings {
  const settings = resolveSettings(options, stored);
  const before = stored.get("dim");
  const dim = before === undefined ? given : Number(before);
  if (given !== undefined && given !== dim) {
    const advice = "leave dim out, or make a new store for another embedding model";
    throw new ThermoclineError("DIMENSION", `dim is ${given}, but this store holds vectors of ${dim}; ${advice}.`);
  }
  if (dim !== undefined) codecSpec(settings, dim);
  return settings;
}
