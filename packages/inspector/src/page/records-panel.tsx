import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Condition, Source } from "../source.js";
import { count, counted } from "./format.js";
import { shortened } from "./metadata-chips.js";
import { RecordPages } from "./record-pages.js";
import { heightOf, placeAt, ROW, scrollTopOf } from "./scroll-window.js";
import { messageOf } from "./use-answer.js";

/** Height of the list's head, which stays in view. */
const HEAD = 30;

interface RecordsProps {
  readonly source: Source;
  readonly namespace: string;
  readonly conditions: readonly Condition[];
  /** How many records the store holds; when that changes, the list is read anew. */
  readonly held: number;
  readonly onOpen: (id: string) => void;
}

/**
 * All records that match the filter, however many: only what is in view is read and drawn. Another namespace or
 * filter wants another panel (a `key`).
 */
export function RecordsPanel({ source, namespace, conditions, held, onOpen }: RecordsProps) {
  const grid = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 480 });
  const [active, setActive] = useState(0);
  const [found, setFound] = useState<{
    readonly total?: number | undefined;
    readonly error?: string;
    readonly pages: number;
  }>({ pages: 0 });
  // `held` makes the list new.
  const pages = useMemo(
    () =>
      new RecordPages(source, namespace, conditions, (total, error) =>
        setFound((before) =>
          error === undefined
            ? { total, pages: before.pages + 1 }
            : { total: before.total, error: messageOf(error), pages: before.pages },
        ),
      ),
    [source, namespace, conditions, held],
  );
  const total = found.total ?? 0;
  const place = placeAt(view.top, view.height - HEAD, total);
  const first = Math.max(Math.floor(place) - 2, 0);
  const last = Math.min(Math.ceil(place + view.height / ROW) + 2, Math.max(total - 1, 0));

  useEffect(() => () => pages.end(), [pages]);
  useEffect(() => pages.look(first, last), [pages, first, last]);
  useLayoutEffect(() => {
    const element = grid.current;
    if (!element) return;
    const resized = new ResizeObserver(() => setView({ top: element.scrollTop, height: element.clientHeight }));
    resized.observe(element);
    return () => resized.disconnect();
  }, []);

  const go = (to: number) => {
    const next = Math.min(Math.max(to, 0), Math.max(total - 1, 0));
    const inView = view.height - HEAD;
    setActive(next);
    if (next < place) grid.current?.scrollTo({ top: scrollTopOf(next, inView, total) });
    else if (next + 1 > place + inView / ROW)
      grid.current?.scrollTo({ top: scrollTopOf(next + 1 - inView / ROW, inView, total) });
  };
  const pressed = (event: KeyboardEvent) => {
    const page = Math.max(Math.floor((view.height - HEAD) / ROW) - 1, 1);
    const to = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: total - 1,
    }[event.key];
    const record = pages.at(active);
    if (event.key === "Enter" && record) onOpen(record.id);
    else if (to === undefined) return;
    else go(to);
    event.preventDefault();
  };
  const places = Array.from({ length: total === 0 ? 0 : last - first + 1 }, (_, i) => first + i);
  return (
    <section class="panel records" aria-label="Records">
      <h2>Records</h2>
      <p role="status" class={found.error ? "failed" : "readout"}>
        {found.error ??
          (found.total === undefined
            ? "Reading …"
            : `${counted(total, "record")}${conditions.length > 0 ? " match the filter" : ""}.`)}
      </p>
      <div
        ref={grid}
        class="grid"
        role="grid"
        tabIndex={0}
        aria-label="Records, in the order in which they were written"
        aria-rowcount={total + 1}
        aria-colcount={5}
        aria-activedescendant={active >= first && active <= last && total > 0 ? `row-${active}` : undefined}
        onScroll={({ currentTarget }) => setView({ top: currentTarget.scrollTop, height: currentTarget.clientHeight })}
        onKeyDown={pressed}
      >
        <div class="row header" role="row" aria-rowindex={1}>
          {["#", "Id", "Tier", "Text", "Metadata"].map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
        </div>
        <div class="rows" role="rowgroup" style={{ height: `${heightOf(total)}px` }}>
          {places.map((at) => (
            <Row
              key={at}
              at={at}
              record={pages.at(at)}
              top={view.top + (at - place) * ROW}
              active={at === active}
              onOpen={(id) => {
                setActive(at);
                onOpen(id);
              }}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

interface RowProps {
  readonly at: number;
  readonly record: ReturnType<RecordPages["at"]>;
  readonly top: number;
  readonly active: boolean;
  readonly onOpen: (id: string) => void;
}

function Row({ at, record, top, active, onOpen }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
    <div
      id={`row-${at}`}
      class={active ? "row active" : "row"}
      role="row"
      aria-rowindex={at + 2}
      aria-selected={active}
      style={{ transform: `translateY(${Math.round(top)}px)` }}
      onClick={() => record && onOpen(record.id)}
    >
      <span role="gridcell" class="number">
        {count(at + 1)}
      </span>
      <span role="gridcell">{record?.id ?? "…"}</span>
      <span role="gridcell">
        {record && <span class={`tier ${record.tier}`}>{record.tier === "none" ? "–" : record.tier}</span>}
      </span>
      <span role="gridcell">{record?.text}</span>
      <span role="gridcell" class="quiet">
        {record && summaryOf(record.metadata)}
      </span>
    </div>
  );
}

function summaryOf(metadata: object): string {
  return Object.entries(metadata)
    .map(([key, value]) => `${key}: ${shortened(typeof value === "object" ? JSON.stringify(value) : value)}`)
    .join(" · ");
}
