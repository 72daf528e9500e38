import type { Match } from "../catalogue/text-index.js";
import type { Pace } from "../pace.js";

/** Matches put in order between two looks at the clock. */
const ORDERED = 256;

/** Whether one match comes after another: by its score, ties in the order of rows. */
function isBehind(a: Match, b: Match): boolean {
  return a.score < b.score || (a.score === b.score && a.row > b.row);
}

/** The best `most` of the matches that it is shown, in whatever order: a heap with the last of them on top. */
export class BestMatches {
  readonly #most: number;
  readonly #heap: Match[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  add(match: Match): void {
    const heap = this.#heap;
    if (heap.length < this.#most) {
      let at = heap.length;
      heap.push(match);
      for (let up = (at - 1) >> 1; at > 0 && isBehind(match, this.#at(up)); up = (at - 1) >> 1) {
        heap[at] = this.#at(up);
        at = up;
      }
      heap[at] = match;
    } else if (heap.length > 0 && isBehind(this.#at(0), match)) this.#sink(match);
  }

  /** Takes them all, best first, a few milliseconds at a time. */
  async take(pace: Pace): Promise<Match[]> {
    const heap = this.#heap;
    const ordered = new Array<Match>(heap.length);
    for (let left = heap.length; left > 0; left--) {
      ordered[left - 1] = this.#at(0);
      const last = heap.pop();
      if (last && heap.length > 0) this.#sink(last);
      if (left % ORDERED === 0 && pace.due) await pace.pause();
    }
    return ordered;
  }

  /** Puts a match in the place of the one on top. */
  #sink(match: Match): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && isBehind(this.#at(down + 1), this.#at(down))) down += 1;
      if (!isBehind(this.#at(down), match)) break;
      heap[at] = this.#at(down);
      at = down;
    }
    heap[at] = match;
  }

  #at(place: number): Match {
    return this.#heap[place] as Match;
  }
}
