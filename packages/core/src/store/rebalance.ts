import { ThermoclineError } from "../errors.js";
import { Pace } from "../pace.js";
import { swapBatch, swapRelief } from "../tiers/swap.js";
import type { CalibrateOptions } from "../types.js";
import { calibrate } from "./calibrate.js";
import { BLOCK_ROWS } from "./code-block.js";
import { demoteRows } from "./demote.js";
import { type Engine, hotCapacity, hotRows, isPromoting } from "./engine.js";
import { PROMOTED_ROWS, promoteRows } from "./promote.js";

/** Rows that a codebook should be fitted on at least; below, a store stays hot, whatever its capacity. */
const CALIBRATION_ROWS = 1_024;

/** Share of the capacity that is freed beside what is too much when rows are written, so that moves are few and blocks full. */
const BATCH = 0.1;

/** How many times as long as a swap took the next one waits, so that queries that follow each other keep nearly all of their time. */
const REST = 9;

/** Rows over capacity at which writers wait for the moves to keep up, in capacities. */
const PATIENCE = 2;

/** Keeps the hot tier within its capacity and in it what queries return, in the background. One move between tiers runs at a time. */
export class Rebalancing {
  readonly #engine: Engine;
  #running: Promise<void> | undefined;
  #failure: unknown;
  /** Until when no rows move up, on the clock of `performance`. */
  #restUntil = 0;
  /** Callers that wait for all moves to end. */
  #hurrying = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #calibrations: Promise<unknown> = Promise.resolve();
  readonly #stop = new AbortController();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Begins to move rows if it is time to. Resolves at once, unless there are far too many hot ones. */
  async start(): Promise<void> {
    this.begin();
    if (hotRows(this.#engine) > PATIENCE * hotCapacity(this.#engine) + CALIBRATION_ROWS) await this.#running;
  }

  /** Begins to move rows down if there are too many hot ones, and up if cold ones have risen. */
  begin(): void {
    if (this.#running || (!this.#due() && !this.#mayRise())) return;
    this.#running = this.exclusive(() => this.#balance())
      .then(
        () => {
          this.#failure = undefined;
        },
        (error: unknown) => {
          this.#failure = error;
        },
      )
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Runs a move when the ones before it have ended. */
  exclusive<T>(move: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => {
      const result = await move();
      // What the move did stays done when pages cannot be given back, say because another process holds the file.
      await this.#engine.catalogue.reclaim(this.#stop.signal).catch(() => {});
      return result;
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /**
   * Calibrates after the calibrations before it. Moves go on meanwhile, unless they wait for the first codebook, or what
   * they moved could not be coded anew.
   */
  calibrate(options: CalibrateOptions): Promise<void> {
    const engine = this.#engine;
    const turn = this.#calibrations.then(() =>
      engine.codebook && engine.settings.originals !== "none"
        ? calibrate(engine, options, (step) => this.exclusive(step))
        : this.exclusive(() => calibrate(engine, options)),
    );
    this.#calibrations = turn.catch(() => {});
    return turn;
  }

  /** Resolves when no move is under way or waits for its time; rejects with what the last background move failed with. */
  async settled(): Promise<void> {
    this.#hurrying += 1;
    try {
      await this.ended();
      if (this.#failure === undefined) this.begin();
      await this.ended();
    } finally {
      this.#hurrying -= 1;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends a background move after the block it is at, and begins no other. */
  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when no move is under way. */
  async ended(): Promise<void> {
    while (this.#running) await this.#running;
    await this.#queue;
  }

  #due(): boolean {
    const { heat, codebook } = this.#engine;
    const rows = hotRows(this.#engine);
    const tooMany = rows > hotCapacity(this.#engine) && heat.pinned < rows;
    return tooMany && (codebook !== undefined || rows >= CALIBRATION_ROWS);
  }

  #risen(): boolean {
    const engine = this.#engine;
    const capacity = hotCapacity(engine);
    // Rows move up in the place of others. Where there is much room, a caller has made it, and what is cold is to be so.
    const full = hotRows(engine) >= (1 - 2 * BATCH) * capacity;
    return full && isPromoting(engine) && engine.heat.risen >= swapBatch(capacity);
  }

  #mayRise(): boolean {
    return this.#risen() && (this.#hurrying > 0 || performance.now() >= this.#restUntil);
  }

  /** Moves rows down until they are few enough, and up as many as there is time for, or all that have risen where somebody waits. */
  async #balance(): Promise<void> {
    const { signal } = this.#stop;
    const engine = this.#engine;
    const { heat } = engine;
    const began = performance.now();
    let swaps = 0;
    try {
      while (!signal.aborted) {
        if (await engine.catalogue.read(() => this.#due())) {
          const capacity = hotCapacity(engine);
          const relief = swaps > 0 ? swapRelief(capacity) : Math.floor(BATCH * capacity);
          const wanted = Math.min(hotRows(engine) - heat.pinned, hotRows(engine) - capacity + relief);
          const reason = { room: true, slice: swaps > 0 ? PROMOTED_ROWS : BLOCK_ROWS };
          const rows = await heat.coldest(wanted);
          const moved = await this.#move(rows, (namespace, group) =>
            demoteRows(engine, namespace, group, { signal }, reason),
          );
          if (moved === 0) return;
        } else if (this.#mayRise() && (swaps === 0 || this.#hurrying > 0)) {
          swaps += 1;
          await this.#move(heat.takeRisen(PROMOTED_ROWS), (namespace, group) =>
            promoteRows(engine, namespace, group, { pin: false, touch: false }, { signal }),
          );
        } else {
          return;
        }
      }
    } finally {
      const now = performance.now();
      if (swaps > 0) this.#restUntil = now + REST * (now - began);
    }
  }

  /** Moves rows, those of one namespace after those of another, and returns how many moved. */
  async #move(
    rows: Iterable<number>,
    move: (namespace: number, rows: readonly number[]) => Promise<number>,
  ): Promise<number> {
    let moved = 0;
    for (const [namespace, group] of await byNamespace(this.#engine, rows)) {
      moved += await move(namespace, group).catch((error: unknown) => {
        if (error instanceof ThermoclineError && error.code === "ABORTED") return 0;
        throw error;
      });
    }
    return moved;
  }
}

async function byNamespace(engine: Engine, rows: Iterable<number>): Promise<ReadonlyMap<number, number[]>> {
  const [only] = engine.namespaces.values();
  if (only !== undefined && engine.namespaces.size === 1) return new Map([[only, [...rows]]]);
  const pace = new Pace();
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    if (pace.due) await pace.pause();
    const namespace = engine.catalogue.reader.namespaceOf(row);
    if (namespace === undefined) continue;
    const group = groups.get(namespace);
    if (group) group.push(row);
    else groups.set(namespace, [row]);
  }
  return groups;
}
