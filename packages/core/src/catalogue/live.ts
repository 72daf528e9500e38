/** Whether the row at `index` of a block is live: its bit, lowest first. */
export function isLive(live: Uint8Array, index: number): boolean {
  return (((live[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

/** How many bytes the bits of `rows` rows take. */
export function liveBytes(rows: number): number {
  return Math.ceil(rows / 8);
}

/** A live bit for each of `rows` rows; the bits beyond them are clear. */
export function allLive(rows: number): Uint8Array {
  const live = new Uint8Array(liveBytes(rows)).fill(0xff);
  if (rows % 8 > 0) live[live.length - 1] = (1 << (rows % 8)) - 1;
  return live;
}
