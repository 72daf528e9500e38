import { useEffect, useState } from "preact/hooks";

/** What an asynchronous call has come to. */
export interface Answered<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
  readonly waiting: boolean;
}

/**
 * Asks when `key` changes, after `delay` milliseconds of rest; a question that is stale by then is aborted. What was answered before stays until
 * the next answer is there.
 */
export function useAnswer<T>(ask: (signal: AbortSignal) => Promise<T>, key: string, delay = 0): Answered<T> {
  const [answered, setAnswered] = useState<Answered<T>>({ value: undefined, error: undefined, waiting: true });
  // `ask` is a new function at each render; the key says whether it asks for something new.
  useEffect(() => {
    const abort = new AbortController();
    setAnswered((before) => ({ ...before, waiting: true }));
    const timer = setTimeout(() => {
      ask(abort.signal).then(
        (value) => {
          if (!abort.signal.aborted) setAnswered({ value, error: undefined, waiting: false });
        },
        (error: unknown) => {
          if (!abort.signal.aborted) setAnswered({ value: undefined, error: messageOf(error), waiting: false });
        },
      );
    }, delay);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, delay]);
  return answered;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
