/**
 * The numbers below `count` in an order that `seed` alone decides: the shuffle of Fisher and Yates, driven by
 * splitmix32 (Steele, Lea and Flood 2014, in 32 bits).
 */
export function shuffled(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = seed;
  for (let last = count - 1; last > 0; last--) {
    state = (state + 0x9e3779b9) >>> 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    const other = Math.floor((((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32) * (last + 1));
    const moved = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
}
