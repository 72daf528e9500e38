/** A bounded, even sample of one layer's key vectors, all heads pooled. */
export class LayerKeys {
  readonly headDim: number;
  readonly #parts: Float32Array[] = [];
  #slices = 0;

  constructor(headDim: number) {
    this.headDim = headDim;
  }

  /**
   * Takes up to about `budget` vectors of `keys`, `[heads][tokens][headDim]`: as many of each head, evenly spaced over the
   * tokens. Where they begin moves from head to head, so that every position is as likely as any other.
   */
  add(keys: Float32Array, tokens: number, budget: number): void {
    const heads = keys.length / (tokens * this.headDim);
    const taken = Math.min(tokens, Math.max(1, Math.floor(budget / heads)));
    const part = new Float32Array(heads * taken * this.headDim);
    for (let head = 0; head < heads; head++) {
      // Multiples of the golden ratio fill the unit interval evenly.
      const start = (this.#slices++ * 0.6180339887498949) % 1;
      for (let i = 0; i < taken; i++) {
        const token = taken === tokens ? i : Math.floor(((i + start) * tokens) / taken);
        const from = (head * tokens + token) * this.headDim;
        part.set(keys.subarray(from, from + this.headDim), (head * taken + i) * this.headDim);
      }
    }
    this.#parts.push(part);
  }

  /** `[n][headDim]`; leaves nothing behind. */
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
