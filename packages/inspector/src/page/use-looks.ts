import { useEffect, useState } from "preact/hooks";
import type { Description, Source, StoreStats } from "../source.js";
import { messageOf } from "./use-answer.js";

/** Milliseconds between two looks at the store. */
const EVERY = 2_000;

/** Looks that are kept: an hour of them. */
const MOST = 1_800;

/** What the store held at some moment. */
export interface Look {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly hot: number;
  readonly cold: number;
  readonly stats: StoreStats;
}

export interface Looks {
  readonly description: Description | undefined;
  readonly looks: readonly Look[];
  readonly error: string | undefined;
}

/** Looks at the store again and again, while the page can be seen. */
export function useLooks(source: Source): Looks {
  const [found, setFound] = useState<Looks>({ description: undefined, looks: [], error: undefined });
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      try {
        const description = document.hidden ? undefined : await source.describe(abort.signal);
        if (description && !abort.signal.aborted) setFound((before) => seen(before, description));
      } catch (error) {
        if (!abort.signal.aborted) setFound((before) => ({ ...before, error: messageOf(error) }));
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void look(), EVERY);
    };
    void look();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [source]);
  return found;
}

function seen({ looks }: Looks, description: Description): Looks {
  const { stats } = description;
  const look = { at: Date.now(), hot: stats.hot.rows, cold: stats.cold.rows, stats };
  return { description, looks: [...looks.slice(-(MOST - 1)), look], error: undefined };
}
