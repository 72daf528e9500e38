import { ThermoclineError } from "../errors.js";
import type { DistantReader } from "./sqlite.js";
import { COUNT, damagedIndex, type Match, matching, SLICE_END, type TextIndex } from "./text-index.js";

/** The index of words, asked on a thread of its own: a statement may take as long as it likes. */
export class DistantTexts {
  /** Texts that are worth a statement, as it goes over all texts of its words first. */
  readonly slice = 131_072;
  readonly #reader: DistantReader;
  readonly #near: TextIndex;

  constructor(reader: DistantReader, near: TextIndex) {
    this.#reader = reader;
    this.#near = near;
  }

  get path(): string {
    return this.#near.path;
  }

  /** As {@link TextIndex.count}. */
  async count(match: string, most: number): Promise<number> {
    const [found] = await this.#ask(this.#reader.all<{ count: number }>(COUNT, match, most));
    return found?.count ?? 0;
  }

  /** As {@link TextIndex.sliceEnd}. */
  async sliceEnd(match: string, after: number, size: number): Promise<number | undefined> {
    const [found] = await this.#ask(this.#reader.all<{ row: number | null }>(SLICE_END, match, after, size));
    return found?.row ?? undefined;
  }

  /** As {@link TextIndex.matches}. */
  async matches(
    match: string,
    after: number,
    last: number,
    namespace: number | undefined,
  ): Promise<IterableIterator<Match>> {
    const [sql, parameters] = matching(match, after, last, namespace);
    const [rows, scores] = await this.#ask(this.#reader.columns(sql, ["row", "score"], ...parameters));
    return pairs(rows ?? new Float64Array(), scores ?? new Float64Array());
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    try {
      if (this.#near.isDamaged) throw damagedIndex(this.path);
      return await answer;
    } catch (cause) {
      if (!(cause instanceof ThermoclineError) || cause.code !== "CORRUPT") throw cause;
      throw damagedIndex(this.path, cause);
    }
  }
}

function* pairs(rows: Float64Array, scores: Float64Array): IterableIterator<Match> {
  for (const [i, row] of rows.entries()) yield { row, score: scores[i] ?? 0 };
}
