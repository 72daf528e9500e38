import { ThermoclineError } from "../errors.js";
import { Pace } from "../pace.js";
import type { CalibrateOptions } from "../types.js";
import { calibrate } from "./calibrate.js";
import { demoteRows } from "./demote.js";
import { type Engine, hotRows } from "./engine.js";

/** Rows that a codebook should be fitted on at least; below, a store stays hot, whatever its capacity. */
const CALIBRATION_ROWS = 1_024;

/** Share of the capacity that is moved at a time, so that moves are few and blocks full. */
const BATCH = 0.1;

/** Rows over capacity at which writers wait for the moves to keep up, in capacities. */
const PATIENCE = 2;

/** Keeps the hot tier within its capacity, in the background. One move between tiers runs at a time. */
export class Rebalancing {
  readonly #engine: Engine;
  #running: Promise<void> | undefined;
  #failure: unknown;
  #queue: Promise<unknown> = Promise.resolve();
  #calibrations: Promise<unknown> = Promise.resolve();
  readonly #stop = new AbortController();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Begins to move rows if there are too many hot ones. Resolves at once, unless moves are far behind. */
  async start(): Promise<void> {
    if (!this.#due()) return;
    this.#running ??= this.exclusive(() => this.#demoteExcess())
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
    const { hotCapacity } = this.#engine.settings;
    if (hotRows(this.#engine) > PATIENCE * hotCapacity + CALIBRATION_ROWS) await this.#running;
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

  /** Resolves when no move is under way; rejects with what the last background move failed with. */
  async settled(): Promise<void> {
    await this.ended();
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
    const { settings, codebook } = this.#engine;
    const rows = hotRows(this.#engine);
    return rows > settings.hotCapacity && (codebook !== undefined || rows >= CALIBRATION_ROWS);
  }

  async #demoteExcess(): Promise<void> {
    const { signal } = this.#stop;
    const engine = this.#engine;
    while (!signal.aborted && (await engine.catalogue.read(() => this.#due()))) {
      const { hotCapacity } = engine.settings;
      const excess = hotRows(engine) - hotCapacity;
      const rows = await engine.heat.coldest(Math.min(hotRows(engine), excess + Math.floor(BATCH * hotCapacity)));
      let moved = 0;
      for (const [namespace, group] of await byNamespace(engine, rows)) {
        moved += await demoteRows(engine, namespace, group, { signal }).catch((error: unknown) => {
          if (error instanceof ThermoclineError && error.code === "ABORTED") return 0;
          throw error;
        });
      }
      if (moved === 0) return;
    }
  }
}

async function byNamespace(engine: Engine, rows: Uint32Array): Promise<ReadonlyMap<number, number[]>> {
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
