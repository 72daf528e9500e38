import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { misuse } from "../failure.js";
import { filterOf } from "../filter-argument.js";
import { NpyFile } from "../npy-file.js";
import { count, type Screen, strong } from "../screen.js";
import { withStore } from "../stored.js";

export interface SearchFlags {
  readonly vector?: string;
  readonly k: number;
  readonly filter?: string;
  readonly namespace?: string;
  readonly explain?: boolean;
}

/** Records by words, by a vector, or by both. */
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
  const vector = flags.vector === undefined ? undefined : await vectorOf(flags.vector);
  const query = { text: words, vector, k: flags.k, filter, namespace: flags.namespace, signal };
  const snippet = words !== undefined;
  await withStore(path, {}, async (store) => {
    if (flags.explain) {
      const hits = await store.query({ ...query, ...(snippet ? { snippet } : {}), explain: true });
      screen.result({ hits, explanation: hits.explanation }, () => {
        const { scanned, reranked, ms } = hits.explanation;
        const time = Object.entries(ms).map(([part, value]) => `${part} ${value.toFixed(2)} ms`);
        return [
          ...linesOf(hits),
          `scanned ${count(scanned.hot)} hot and ${count(scanned.cold)} cold rows, rescored ${count(reranked)}; ${time.join(", ")}`,
        ];
      });
      return;
    }
    const hits = await store.query({ ...query, ...(snippet ? { snippet } : {}) });
    screen.result({ hits }, () => linesOf(hits));
  });
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
