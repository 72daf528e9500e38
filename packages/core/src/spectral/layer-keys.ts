/** A bounded, even sample of one layer's key vectors, all heads pooled. */
export class LayerKeys {
  readonly headDim: number;
  readonly #parts: Float32Array[] = [];
  #chosen = 0;

  constructor(headDim: number) {
    this.headDim = headDim;
  }

  /**
   * About `budget` of a text's keys, as row numbers of `[heads][tokens]`: as many of each head, at least one, evenly spaced
   * over the tokens. Where they begin moves from head to head, so that every position is as likely as any other.
   */
  choose(heads: number, tokens: number, budget: number): Uint32Array {
    const taken = Math.min(tokens, Math.max(1, Math.floor(budget / heads)));
    const rows = new Uint32Array(heads * taken);
    for (let head = 0; head < heads; head++) {
      // Multiples of the golden ratio fill the unit interval evenly.
      const start = (this.#chosen++ * 0.6180339887498949) % 1;
      for (let i = 0; i < taken; i++) {
        const token = taken === tokens ? i : Math.floor(((i + start) * tokens) / taken);
        rows[head * taken + i] = head * tokens + token;
      }
    }
    return rows;
  }

  /** Keeps `keys`, `[n][headDim]`. */
  add(keys: Float32Array): void {
    this.#parts.push(keys);
  }

  /** All that were added, `[n][headDim]`; leaves nothing behind. */
  take(): Float32Array {
    const parts = this.#parts.splice(0);
    const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}
