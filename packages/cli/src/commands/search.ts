import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { type Thermocline, ThermoclineError } from "@thermocline/core";
import { PROVIDERS } from "../embedding/provider.js";
import { providerOf } from "../embedding/remembered.js";
import { misuse } from "../failure.js";
import { filterOf } from "../filter-argument.js";
import { NpyFile } from "../npy-file.js";
import { count, type Screen, strong } from "../screen.js";
import type { SEARCH_MODES, SearchFlags } from "../search-flags.js";
import { withStore } from "../stored.js";

type Mode = (typeof SEARCH_MODES)[number];

/** Records by words, by what words mean, by a vector, or by words and a vector. */
export async function search(
  path: string,
  words: string | undefined,
  flags: SearchFlags,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  if (words === undefined && flags.vector === undefined) {
    misuse('Nothing to search for; give words ("ocean currents"), --vector <file>, or both.');
  }
  const filter = flags.filter === undefined ? undefined : filterOf(flags.filter);
  const given = flags.vector === undefined ? undefined : await vectorOf(flags.vector);
  await withStore(path, {}, async (store) => {
    const vector = given ?? (await meaningOf(store, words, flags, signal));
    const text = flags.mode === "vector" ? undefined : words;
    const mode: Mode = text === undefined ? "vector" : vector === undefined ? "keyword" : "hybrid";
    const snippet = text === undefined ? {} : { snippet: true };
    const query = { text, vector, ...snippet, k: flags.k, filter, namespace: flags.namespace, signal };
    if (flags.explain) {
      const hits = await store.query({ ...query, explain: true });
      screen.result({ mode, hits, explanation: hits.explanation }, () => {
        const { scanned, reranked, ms } = hits.explanation;
        const time = Object.entries(ms).map(([part, value]) => `${part} ${value.toFixed(2)} ms`);
        return [
          ...linesOf(hits),
          `${mode}: scanned ${count(scanned.hot)} hot and ${count(scanned.cold)} cold rows, rescored ${count(reranked)}; ${time.join(", ")}`,
        ];
      });
      return;
    }
    const hits = await store.query(query);
    screen.result({ mode, hits }, () => linesOf(hits));
  });
}

/** The vector of words, from what made the store's; undefined where they are looked for as words only. */
async function meaningOf(
  store: Thermocline,
  words: string | undefined,
  { mode, embed, model }: SearchFlags,
  signal: AbortSignal,
): Promise<ArrayLike<number> | undefined> {
  if (mode === "keyword" || words === undefined) return undefined;
  const hasVectors = store.stats().dim !== undefined;
  const provider = hasVectors ? await providerOf(store, { embed, model, readOnly: true }) : undefined;
  if (!provider) {
    if (mode === undefined) return undefined;
    const why = hasVectors ? "does not say what made its vectors" : "has no vectors";
    const how = hasVectors ? `--embed ${PROVIDERS.join("|")}, --vector <file>, or --mode keyword` : "--mode keyword";
    return misuse(`The file ${why}; give ${how}.`);
  }
  try {
    return (await provider.embed([words], signal))[0];
  } catch (error) {
    if (signal.aborted || !(error instanceof ThermoclineError)) throw error;
    throw new ThermoclineError(
      error.code,
      `${error.message} Without a vector, --mode keyword searches by the words alone.`,
      {
        cause: error,
      },
    );
  }
}

interface Shown {
  readonly id: string;
  readonly score: number;
  readonly tier: string;
  readonly text?: string;
  readonly snippet?: string;
  readonly explanation?: {
    readonly rank: number;
    readonly estimate: number | undefined;
    readonly exact: number | undefined;
  };
}

function linesOf(hits: readonly Shown[]): string[] {
  if (hits.length === 0) return ["Nothing matches."];
  return hits.flatMap(({ id, score, tier, text = "", snippet, explanation: why }, i) => {
    const cut = (snippet ?? text.slice(0, 160)).replace(/\p{Cc}+/gu, " ");
    const number = (value: number | undefined) => value?.toFixed(4) ?? "none";
    return [
      `${i + 1}. ${strong(id.replace(/\p{Cc}+/gu, " "))}  ${score.toFixed(4)}  ${tier}`,
      ...(why
        ? [`   rank ${why.rank} before reranking, estimate ${number(why.estimate)}, exact ${number(why.exact)}`]
        : []),
      ...(cut ? [`   ${cut}`] : []),
    ];
  });
}

/** A vector from a JSON array in a file or, for `-`, on stdin, or from the first row of a `.npy` file. */
async function vectorOf(path: string): Promise<ArrayLike<number>> {
  if (path.endsWith(".npy")) {
    const file = await NpyFile.open(path);
    try {
      return (await file.read(0, 1))[0] ?? misuse(`${path} has no rows; give a file with one.`);
    } finally {
      await file.close();
    }
  }
  const json = path === "-" ? await readAll(process.stdin) : await readFile(path, "utf8");
  try {
    return JSON.parse(json) as number[];
  } catch {
    return misuse(`${path === "-" ? "stdin" : path} holds no JSON array of numbers; give one such as [0.1, -0.2].`);
  }
}
