/** Shares of the capacity: few rows, so that what has risen is soon hot, and not so few that each costs a commit. */
const BATCH = 1 / 512;
const RELIEF = 1 / 128;

/** Most rows that wait for each other. */
const LARGEST_BATCH = 64;

/** How many cold rows have to have risen before some move up. */
export function swapBatch(capacity: number): number {
  return Math.min(Math.max(1, Math.floor(BATCH * capacity)), LARGEST_BATCH);
}

/** How many rows move down beside those that are too many, to make room for the next that rise. */
export function swapRelief(capacity: number): number {
  return Math.floor(RELIEF * capacity);
}
