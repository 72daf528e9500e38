import type { ComponentChildren } from "preact";
import type { Answered } from "./use-answer.js";

interface PanelProps<T> {
  readonly title: string;
  readonly answered: Answered<T>;
  /** What is said while there is nothing to see yet. */
  readonly waiting: string;
  readonly children: (value: T) => ComponentChildren;
}

/** A part of the page that shows one answer, or why there is none. */
export function Panel<T>({ title, answered: { value, error, waiting }, waiting: doing, children }: PanelProps<T>) {
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      {value !== undefined ? children(value) : <p class="quiet">{waiting ? doing : error}</p>}
    </section>
  );
}
