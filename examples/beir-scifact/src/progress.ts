/** The part of a stream that progress needs; `process.stderr` is one. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

const REDRAW_EVERY_MS = 60;

/**
 * Live progress: on a terminal one line that updates in place; elsewhere (a log, a pipe) a line per milestone.
 */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(stream: ProgressStream, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  /** Shows what is going on; cheap enough to be called after every query. */
  update(text: string): void {
    if (!this.#stream.isTTY || this.#now() - this.#drawnAt < REDRAW_EVERY_MS) return;
    this.#drawnAt = this.#now();
    this.#drawn = true;
    // One column short of the edge, where some terminals would wrap.
    this.#stream.write(`\r\u001b[2K${text.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  /** Leaves a line behind where nothing else shows that the work goes on, which is everywhere but on a terminal. */
  milestone(text: string): void {
    if (!this.#stream.isTTY) this.line(text);
  }

  /** Leaves a line behind. */
  line(text: string): void {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /** Removes the updating line. */
  clear(): void {
    if (this.#drawn) this.#stream.write("\r\u001b[2K");
    this.#drawn = false;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }
}

/** `done` of `total` as a bar of `width` cells. */
export function bar(done: number, total: number, width: number): string {
  const filled = total === 0 ? width : Math.round((Math.min(done, total) / total) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}
