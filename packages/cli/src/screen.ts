import { styleText } from "node:util";

const EVERY_MS = 100;

/** Where a command writes: results to stdout, progress to stderr, and that only where someone watches. */
export class Screen {
  readonly #json: boolean;
  readonly #watched: boolean;
  #began: { readonly label: string; readonly at: number; readonly from: number; readonly share: number } | undefined;
  #drawn = 0;

  constructor(options: { readonly json: boolean; readonly quiet?: boolean }) {
    this.#json = options.json;
    this.#watched = process.stderr.isTTY === true && options.quiet !== true;
  }

  /** The one object of `--json`, or what a person reads. */
  result(object: object, lines: () => readonly string[]): void {
    this.clear();
    process.stdout.write(this.#json ? `${JSON.stringify(object)}\n` : `${lines().join("\n")}\n`);
  }

  /**
   * How far work is, its rate and the time left: a line on a terminal, nothing elsewhere. `share` is how much of all is done, from 0 to 1,
   * where that is not `done` of `total`.
   */
  progress(label: string, done: number, total: number, share = total > 0 ? done / total : 0): void {
    if (!this.#watched) return;
    const now = Date.now();
    if (this.#began?.label !== label) this.#began = { label, at: now, from: done, share };
    if (now - this.#drawn < EVERY_MS) return;
    this.#drawn = now;
    const passed = Math.max((now - this.#began.at) / 1000, 0.001);
    const rate = (done - this.#began.from) / passed;
    const gone = share - this.#began.share;
    const left = gone > 0 && share < 1 ? `, ${seconds((passed * (1 - share)) / gone)} left` : "";
    const part = share > 0 ? `${Math.floor(100 * share)} %, ` : "";
    process.stderr.write(`\r\x1b[K${label}: ${part}${count(done)} done, ${count(Math.round(rate))}/s${left}`);
  }

  clear(): void {
    if (this.#watched && this.#drawn > 0) process.stderr.write("\r\x1b[K");
    this.#drawn = 0;
  }
}

/** Emphasised where stdout shows it; NO_COLOR and pipes get plain text. */
export function strong(text: string): string {
  return process.stdout.isTTY && !process.env["NO_COLOR"] ? styleText("bold", text) : text;
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const unit = Math.min(Math.floor(Math.log2(value) / 10), 4);
  return `${(value / 2 ** (10 * unit)).toFixed(1)} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

function seconds(value: number): string {
  return value < 90 ? `${Math.ceil(value)} s` : `${Math.ceil(value / 60)} min`;
}

/** Columns aligned to their widest cell, the first to the left and the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
