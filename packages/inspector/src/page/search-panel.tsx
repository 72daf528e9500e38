import type { Ref } from "preact";
import type { Answer, Condition, Mode } from "../source.js";
import { ConditionsBar } from "./conditions-bar.js";
import { count, counted, milliseconds } from "./format.js";
import { HitList } from "./hit-list.js";
import type { Answered } from "./use-answer.js";

/** What is asked for. */
export interface Asked {
  readonly text: string;
  readonly mode: Mode;
  /** The record whose like is looked for, in place of the text. */
  readonly like?: string | undefined;
}

const MODES: readonly (readonly [Mode, string, string])[] = [
  ["words", "Words", "Texts that have the words, by BM25"],
  [
    "meaning",
    "Meaning",
    "By the mean vector of the three texts that the words find best: no embedding model is needed",
  ],
  ["both", "Both", "Both rankings, fused"],
];

interface SearchProps {
  readonly asked: Asked;
  readonly onAsk: (asked: Asked) => void;
  readonly conditions: readonly Condition[];
  readonly onConditions: (conditions: readonly Condition[]) => void;
  readonly onCondition: (condition: Condition) => void;
  readonly onOpen: (id: string) => void;
  readonly answered: Answered<Answer>;
  readonly box: Ref<HTMLInputElement>;
}

/** The search box, the filter, and what they find. */
export function SearchPanel({ asked, onAsk, answered, box, conditions, onConditions, ...actions }: SearchProps) {
  const { text, mode, like } = asked;
  const onLike = (id: string) => onAsk({ ...asked, like: id });
  return (
    <section class="panel search" aria-label="Search">
      <h2 class="hidden">Search</h2>
      <form role="search" onSubmit={(event) => event.preventDefault()}>
        <input
          ref={box}
          type="search"
          value={text}
          placeholder="Words, or a vector as a JSON array"
          aria-label="Search for words, or a vector as a JSON array"
          aria-keyshortcuts="/"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onAsk({ mode, text: event.currentTarget.value })}
        />
        <fieldset class="modes">
          <legend class="hidden">Search by</legend>
          {MODES.map(([name, label, about]) => (
            <label key={name} title={about}>
              <input type="radio" name="mode" checked={mode === name} onChange={() => onAsk({ text, mode: name })} />
              <span class="mode">{label}</span>
            </label>
          ))}
        </fieldset>
      </form>
      <ConditionsBar conditions={conditions} onChange={onConditions} />
      {like !== undefined && (
        <p class="conditions">
          <span class="condition">
            like <b>{like}</b>
            <button
              type="button"
              class="remove"
              aria-label="Search by words again"
              onClick={() => onAsk({ text, mode })}
            >
              ×
            </button>
          </span>
        </p>
      )}
      <p role="status" class={answered.error ? "failed" : "readout"}>
        {statusOf(asked, answered)}
      </p>
      <HitList hits={answered.value?.hits ?? []} onLike={onLike} {...actions} />
    </section>
  );
}

function statusOf({ text, like }: Asked, { value, error }: Answered<Answer>): string {
  if (error !== undefined) return error;
  if (text.trim() === "" && like === undefined) return "Type to search; press / to come back here.";
  if (!value) return "Searching …";
  const { hits, scanned, reranked, ms, note } = value;
  if (note !== undefined && hits.length === 0) return note;
  const found = `${hits.length === 0 ? "Nothing matches" : counted(hits.length, "hit")} in ${milliseconds(ms)}`;
  const work = [
    scanned.hot + scanned.cold > 0 && `scored ${count(scanned.hot)} hot and ${count(scanned.cold)} cold rows`,
    reranked > 0 && `read ${counted(reranked, "original")}`,
  ].filter(Boolean);
  return `${found}${work.length > 0 ? `; ${work.join(", ")}` : ""}.${note ? ` ${note}` : ""}`;
}
