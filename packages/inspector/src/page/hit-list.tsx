import { useRef } from "preact/hooks";
import type { Condition, HitView } from "../source.js";
import { score } from "./format.js";
import { MetadataChips } from "./metadata-chips.js";

interface HitListProps {
  readonly hits: readonly HitView[];
  readonly onCondition: (condition: Condition) => void;
  readonly onLike: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

/** Hits, best first. Arrow keys go from one to the next. */
export function HitList({ hits, ...actions }: HitListProps) {
  const list = useRef<HTMLOListElement>(null);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = [...(list.current?.querySelectorAll<HTMLElement>("[data-hit]") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (step === undefined || at < 0) return;
    event.preventDefault();
    all[Math.min(Math.max(at + step, 0), all.length - 1)]?.focus();
  };
  return (
    <ol class="hits" ref={list} onKeyDown={move} aria-label="Hits">
      {hits.map((hit, i) => (
        <HitCard key={hit.id} hit={hit} place={i + 1} {...actions} />
      ))}
    </ol>
  );
}

function HitCard({
  hit,
  place,
  onCondition,
  onLike,
  onOpen,
}: Omit<HitListProps, "hits"> & { hit: HitView; place: number }) {
  const { id, tier, pieces, metadata } = hit;
  return (
    <li class="hit">
      <div class="head">
        <span class="place">{place}</span>
        <button type="button" class="title" data-hit onClick={() => onOpen(id)}>
          {id}
        </button>
        <span class={`tier ${tier}`}>{tier === "none" ? "no vector" : tier}</span>
        <b class="score" title="Score">
          {score(hit.score)}
        </b>
      </div>
      <Numbers hit={hit} />
      {pieces.join("") !== "" && (
        <p class="text">{pieces.map((piece, i) => (i % 2 === 1 ? <mark key={i}>{piece}</mark> : piece))}</p>
      )}
      <div class="foot">
        <MetadataChips metadata={metadata} onCondition={onCondition} />
        {tier !== "none" && (
          <button type="button" class="like" onClick={() => onLike(id)} aria-label={`Records like ${id}`}>
            Like this
          </button>
        )}
      </div>
    </li>
  );
}

/** How the hit came to its place: by its code, by its original, by its words. */
function Numbers({ hit: { tier, estimate, exact, before, after, textScore } }: { readonly hit: HitView }) {
  const moved = before !== undefined && after !== undefined ? before - after : 0;
  return (
    <dl class="numbers">
      {tier === "cold" && estimate !== undefined && (
        <div title="Similarity by the row's code, before its original was read">
          <dt>estimate</dt>
          <dd>{score(estimate)}</dd>
        </div>
      )}
      {exact !== undefined && (
        <div title="Similarity by the vector itself">
          <dt>exact</dt>
          <dd>{score(exact)}</dd>
        </div>
      )}
      {before !== undefined && after !== undefined && (
        <div title="Place by vector before and after originals were read">
          <dt>rank</dt>
          <dd>
            {before} → {after}
            {moved !== 0 && <span class={moved > 0 ? "up" : "down"}> {moved > 0 ? `▲${moved}` : `▼${-moved}`}</span>}
          </dd>
        </div>
      )}
      {textScore !== undefined && (
        <div title="BM25 of the words">
          <dt>words</dt>
          <dd>{score(textScore)}</dd>
        </div>
      )}
    </dl>
  );
}
