import type { Engine } from "./engine.js";

/** The setting that holds the last one; a file that was never asked for one has none. */
const SETTING = "timestamp";

/** A time that is later than every one before: the clock's, unless that stands still, or was put back. */
export function nextTimestamp({ catalogue }: Engine): Promise<number> {
  return catalogue.write((transaction) => {
    const last = Number(transaction.settings().get(SETTING) ?? 0);
    const next = Math.max(Date.now(), last + 1);
    transaction.setSetting(SETTING, String(next));
    return next;
  });
}
