import type { Selection, Thermocline } from "@thermocline/core";
import { misuse } from "../failure.js";
import { filterOf } from "../filter-argument.js";
import { bytes, count, type Screen } from "../screen.js";
import { withStore } from "../stored.js";

export interface SelectionFlags {
  readonly all?: boolean;
  readonly ids?: readonly string[];
  readonly filter?: string;
  readonly namespace?: string;
}

function selectionOf({ all, ids, filter }: SelectionFlags): Selection {
  const given = [all, ids, filter].filter((value) => value !== undefined).length;
  if (given !== 1) misuse("Say which records to move; give one of --all, --ids and --filter.");
  if (ids) return { ids };
  return filter === undefined ? { all: true } : { filter: filterOf(filter) };
}

/** Moves records between the tiers. A `promote` beyond the hot tier's capacity moves others down. */
export async function move(
  direction: "demote" | "promote",
  path: string,
  flags: SelectionFlags,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const selection = selectionOf(flags);
  const { namespace } = flags;
  await withStore(path, {}, async (store) => {
    const options = { namespace, signal, ...watched(screen) };
    const moved = await store[direction](selection, options);
    screen.result({ path, moved }, () => [
      `${count(moved)} records moved to the ${direction === "demote" ? "cold" : "hot"} tier.`,
    ]);
  });
}

/** Fits a new codebook and codes cold rows anew. */
export async function recalibrate(path: string, screen: Screen, signal: AbortSignal): Promise<void> {
  await withStore(path, {}, async (store) => {
    const before = store.stats().drift;
    await store.recalibrate({ signal, ...watched(screen) });
    const { codebook } = store.stats();
    screen.result({ path, codebook, driftBefore: before }, () => [
      `A new codebook of ${bytes(codebook?.bytes ?? 0)}, fitted on ${count(codebook?.sampleRows ?? 0)} rows.`,
    ]);
  });
}

/** Makes a store smaller after deletions. */
export async function compact(path: string, screen: Screen, signal: AbortSignal): Promise<void> {
  await withStore(path, {}, async (store) => {
    const report = await store.compact({ signal, ...watched(screen) });
    const { before, after } = report.diskBytes;
    screen.result({ path, ...report }, () => [`${bytes(before)} on disk before, ${bytes(after)} after.`]);
  });
}

/** Copies a store while it is in use. */
export async function backup(path: string, target: string, screen: Screen): Promise<void> {
  await withStore(path, {}, async (store: Thermocline) => {
    await store.backup(target);
    screen.result({ path, backup: target }, () => [`${path} was copied to ${target}.`]);
  });
}

function watched(screen: Screen) {
  return {
    onProgress: ({ phase, done, total }: { phase: string; done: number; total: number }) =>
      screen.progress(phase, done, total),
  };
}
