import { ThermoclineError } from "../errors.js";
import type { CodecSpec } from "../kernel/kernel.js";
import type { Metric, OpenOptions, Originals } from "../types.js";

/**
 * What a store is. The file fixes all but `hotCapacity`, `hotBytes`, `promote`, `symmetric`, `effort`, `seed`, `threads`,
 * `sweepInterval` and `indexedFields`, which openings choose.
 */
export interface Settings {
  readonly metric: Metric;
  readonly originals: Originals;
  readonly codec: "eigen" | "fourier";
  /** `auto` until the first calibration has chosen them. */
  readonly bytes: number | "auto";
  /** What `auto` aims at, and what was measured where it chose; undefined in a store that was made with a number. */
  readonly auto: { readonly targetRecall: number; readonly recall: number | undefined } | undefined;
  /** Rows; meaningless where `hotBytes` is given: see `hotCapacity` in `engine.ts`. */
  readonly hotCapacity: number;
  readonly hotBytes: number | undefined;
  readonly promote: boolean;
  readonly symmetric: boolean;
  readonly effort: "fast" | "best" | undefined;
  readonly seed: number;
  /** Undefined: as many as the kernel takes by default. */
  readonly threads: number | undefined;
  /** Milliseconds between two sweeps; `Infinity` for none. */
  readonly sweepInterval: number;
  readonly indexedFields: number;
}

export const MAX_DIM = 65_536;

/** More than any search could use. */
const MAX_THREADS = 256;

/** Each index is asked for every range of rows. */
const MAX_INDEXED = 64;

/** More than this timers take for nothing. */
export const MAX_DELAY = 2 ** 31 - 1;

export const MAX_BYTES = { eigen: 512, fourier: 4 * 32_769 } as const;

/** Where originals rerank, the candidates' recall is the final one, and cheap; codes alone cost more to be as good. */
const TARGET_RECALL: Readonly<Record<Originals, number>> = { float32: 0.95, float16: 0.95, none: 0.9 };

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

/** A share that can be aimed at. */
export function share(name: string, value: unknown): number {
  if (typeof value === "number" && value > 0 && value < 1) return value;
  throw new ThermoclineError("ARGUMENT", `${name} is ${shown(value)}; give a number above 0 and below 1.`);
}

export function oneOf<const T extends string>(name: string, value: unknown, known: readonly T[]): T {
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
  const originals = chosen("originals", options.originals, "float16", ["float32", "float16", "none"]);
  const bytesOf = (given: unknown) => (given === "auto" ? given : integer("cold.bytes", given, 2, MAX_BYTES[codec]));
  if (cold.bytes !== undefined) bytesOf(cold.bytes);
  const made = stored.size > 0;
  const auto = made ? stored.has("targetRecall") : cold.bytes === "auto";
  // Where bytes were once chosen, "auto" asks for what was chosen.
  const bytes = fixed("bytes", made && auto && cold.bytes === "auto" ? undefined : cold.bytes, "48");
  if (!auto && (bytes === "auto" || cold.targetRecall !== undefined)) {
    throw new ThermoclineError("ARGUMENT", 'cold.targetRecall is for cold.bytes "auto"; leave it out, or give that.');
  }
  const { capacity = 20_000, bytes: hotBytes, promote = true } = options.hot ?? {};
  if (options.hot?.capacity !== undefined && hotBytes !== undefined) {
    throw new ThermoclineError("ARGUMENT", "hot gives capacity and bytes; give one of them.");
  }
  if (typeof promote !== "boolean") {
    throw new ThermoclineError("ARGUMENT", `hot.promote is ${shown(promote)}; give true or false.`);
  }
  const interval = options.sweepInterval ?? 60_000;
  return {
    metric: chosen("metric", options.metric, "cosine", ["cosine", "dot", "euclidean"]),
    originals,
    codec,
    bytes: bytesOf(bytes === "auto" ? bytes : Number(bytes)),
    auto: auto ? aim(cold.targetRecall, originals, stored, fixed) : undefined,
    hotCapacity: capacity === Number.POSITIVE_INFINITY ? capacity : integer("hot.capacity", capacity, 0, 2 ** 32),
    hotBytes: hotBytes === undefined ? undefined : integer("hot.bytes", hotBytes, 0, Number.MAX_SAFE_INTEGER),
    promote,
    symmetric: scoring === "symmetric",
    effort: cold.effort === undefined ? undefined : oneOf("cold.effort", cold.effort, ["fast", "best"]),
    seed: integer("cold.seed", cold.seed ?? 0, 0, 2 ** 32 - 1),
    threads: options.threads === undefined ? undefined : integer("threads", options.threads, 1, MAX_THREADS),
    indexedFields: integer("indexedFields", options.indexedFields ?? 8, 0, MAX_INDEXED),
    sweepInterval: interval === Number.POSITIVE_INFINITY ? interval : integer("sweepInterval", interval, 1, MAX_DELAY),
  };
}

/** What bytes that are chosen aim at, and what was measured. */
function aim(
  given: unknown,
  originals: Originals,
  stored: ReadonlyMap<string, string>,
  fixed: (name: string, given: unknown, otherwise: string) => string,
): Settings["auto"] {
  if (given !== undefined) share("cold.targetRecall", given);
  const recall = stored.get("recall");
  return {
    targetRecall: share("targetRecall", Number(fixed("targetRecall", given, String(TARGET_RECALL[originals])))),
    recall: recall === undefined ? undefined : Number(recall),
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
  const { metric, originals, codec, bytes, auto } = settings;
  const target: Record<string, string> = auto ? { targetRecall: String(auto.targetRecall) } : {};
  const found: Record<string, string> = auto?.recall === undefined ? {} : { recall: String(auto.recall) };
  return new Map(Object.entries({ metric, originals, codec, bytes: String(bytes), ...target, ...found }));
}

/** Settings with the bytes that a calibration, here or in another process, has chosen by now. */
export function withChosen(settings: Settings, stored: ReadonlyMap<string, string>): Settings {
  const { bytes, auto } = stored.size > 0 ? resolveSettings({}, stored) : settings;
  return { ...settings, bytes, auto };
}

/** Refuses bytes that the codec cannot have at this dimension. */
export function refuseMisfit(settings: Settings, dim: number): void {
  if (settings.bytes !== "auto") codecSpec(settings, settings.bytes, dim);
}

/** What to fit for vectors of `dim` components, of which the codebook will serve `rows`. */
export function codecSpec(
  { codec, effort, seed }: Pick<Settings, "codec" | "effort" | "seed">,
  bytes: number,
  dim: number,
  rows?: number,
): CodecSpec {
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
  if (dim !== undefined) refuseMisfit(settings, dim);
  return settings;
}
