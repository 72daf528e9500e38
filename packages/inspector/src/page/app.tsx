import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Answer, Condition, Description, Source } from "../source.js";
import { withCondition } from "./conditions-bar.js";
import { CurvePanel } from "./curve-panel.js";
import { bytes, count, counted } from "./format.js";
import { MapPanel } from "./map-panel.js";
import { RecordDialog } from "./record-dialog.js";
import { RecordsPanel } from "./records-panel.js";
import { type Asked, SearchPanel } from "./search-panel.js";
import { SpectrumPanel } from "./spectrum-panel.js";
import { ThemeChoice } from "./theme-choice.js";
import { TiersPanel } from "./tiers-panel.js";
import { useAnswer } from "./use-answer.js";
import { useLooks } from "./use-looks.js";

/** Hits that are shown. */
const HITS = 20;

/** How long typing rests before it is searched for, in milliseconds. */
const REST_MS = 120;

const NOTHING: Answer = { hits: [], scanned: { hot: 0, cold: 0 }, reranked: 0, ms: 0, note: undefined };

/** The inspector of one store. */
export function App({ source }: { readonly source: Source }) {
  const { description, looks, error } = useLooks(source);
  const [chosen, setNamespace] = useState<string>();
  const [conditions, setConditions] = useState<readonly Condition[]>([]);
  const [asked, setAsked] = useState<Asked>({ text: "", mode: "both" });
  const [open, setOpen] = useState<string>();
  const box = useRef<HTMLInputElement>(null);

  const namespace = chosen ?? mainNamespace(description);
  const codes = `${description?.stats.codebook?.id} ${description?.stats.records}`;
  const spectrum = useAnswer((signal) => source.spectrum(signal), description ? codes : "");
  const question = JSON.stringify([namespace, conditions, asked]);
  const nothing = asked.text.trim() === "" && asked.like === undefined;
  const answered = useAnswer(
    async (signal) => (nothing ? NOTHING : source.search({ namespace, conditions, k: HITS, ...asked }, signal)),
    question,
    REST_MS,
  );
  const hits = useMemo(() => answered.value?.hits ?? [], [answered.value]);

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement && event.target.matches("input:not([type=radio]), select, textarea");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      box.current?.focus();
      box.current?.select();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  useEffect(() => {
    if (description) document.title = `${description.name} – Thermocline`;
  }, [description?.name]);

  const onCondition = (condition: Condition) => setConditions((before) => withCondition(before, condition));
  const onLike = (id: string) => {
    setAsked((before) => ({ ...before, like: id }));
    box.current?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      <header class="top">
        <h1>{description?.name ?? "Thermocline"}</h1>
        {description && <Summary description={description} />}
        {description && description.namespaces.length > 1 && (
          <label>
            Namespace{" "}
            <select value={namespace} onChange={(event) => setNamespace(event.currentTarget.value)}>
              {description.namespaces.map(({ name, records }) => (
                <option key={name} value={name}>
                  {name} ({count(records)})
                </option>
              ))}
            </select>
          </label>
        )}
        <ThemeChoice />
      </header>
      {error && (
        <p role="alert" class="failed banner">
          {error}
        </p>
      )}
      <main>
        <SearchPanel
          asked={asked}
          onAsk={setAsked}
          conditions={conditions}
          onConditions={setConditions}
          onCondition={onCondition}
          onOpen={setOpen}
          answered={answered}
          box={box}
        />
        <div class="side">
          <MapPanel answered={spectrum} namespace={namespace} hits={hits} onOpen={setOpen} />
          <SpectrumPanel answered={spectrum} />
          {description && <CurvePanel source={source} stats={description.stats} />}
          <TiersPanel looks={looks} />
        </div>
        <RecordsPanel
          // Another list is another panel: nothing of one filter's, its number or its place, is taken for another's.
          key={JSON.stringify([namespace, conditions])}
          source={source}
          namespace={namespace}
          conditions={conditions}
          held={description?.stats.records ?? 0}
          onOpen={setOpen}
        />
      </main>
      {open !== undefined && (
        <RecordDialog
          source={source}
          namespace={namespace}
          id={open}
          onClose={() => setOpen(undefined)}
          onLike={onLike}
          onCondition={onCondition}
        />
      )}
    </>
  );
}

function mainNamespace(description: Description | undefined): string {
  const names = description?.namespaces.map(({ name }) => name) ?? [];
  return names.includes("default") ? "default" : (names[0] ?? "default");
}

function Summary({ description: { stats } }: { readonly description: Description }) {
  const { records, dim, metric, diskBytes, originals, kernel } = stats;
  const facts = [
    counted(records, "record"),
    dim === undefined ? "no vectors yet" : `${count(dim)} dimensions`,
    metric,
    originals === "none" ? "no originals" : `${originals} originals`,
    `${bytes(diskBytes)} on disk`,
    `${kernel.backend} ${kernel.isa}`,
  ];
  return <p class="facts">{facts.join(" · ")}</p>;
}
