import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { Curve, Source, StoreStats } from "../source.js";
import { axis, Chart, faint } from "./chart.js";
import { count, percent } from "./format.js";
import { messageOf } from "./use-answer.js";

/** Fewest rows that anything can be measured on. */
const LEAST = 1_000;
const SAMPLES = [2_000, 5_000, 20_000];

interface State {
  readonly curve?: Curve | undefined;
  readonly share?: number | undefined;
  readonly error?: string | undefined;
}

/** What each number of bytes a row would find in this store, and the one that it has. Measured when somebody asks, as it takes a while. */
export function CurvePanel({ source, stats }: { readonly source: Source; readonly stats: StoreStats }) {
  const [state, setState] = useState<State>({});
  const [size, setSize] = useState(SAMPLES[0] ?? LEAST);
  const asking = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => asking.current?.abort(), []);
  const measure = async () => {
    asking.current?.abort();
    const abort = new AbortController();
    asking.current = abort;
    setState({ share: 0 });
    try {
      const curve = await source.curve({ sampleSize: size }, abort.signal, (share) => setState({ share }));
      setState({ curve });
    } catch (error) {
      setState(abort.signal.aborted ? {} : { error: messageOf(error) });
    }
  };
  const rows = stats.records - stats.withoutVector;
  return (
    <section class="panel" aria-label="Bytes and recall">
      <h2>Bytes and recall</h2>
      {rows < LEAST && (
        <p class="quiet">
          A curve needs {count(LEAST)} records with vectors; there are {count(rows)}.
        </p>
      )}
      {rows >= LEAST && (
        <p class="actions">
          <label>
            Sample{" "}
            <select value={size} onChange={(event) => setSize(Number(event.currentTarget.value))}>
              {SAMPLES.map((rows) => (
                <option key={rows} value={rows}>
                  {count(rows)} rows
                </option>
              ))}
            </select>
          </label>
          {state.share === undefined ? (
            <button type="button" onClick={() => void measure()}>
              {state.curve ? "Measure again" : "Measure"}
            </button>
          ) : (
            <>
              <progress value={state.share} max={1} aria-label="Measuring" />
              <button type="button" onClick={() => asking.current?.abort()}>
                Stop
              </button>
            </>
          )}
        </p>
      )}
      {state.error && <p role="alert">{state.error}</p>}
      {state.curve ? (
        <Measured curve={state.curve} reranks={stats.originals !== "none"} />
      ) : (
        rows >= LEAST && (
          <p class="quiet">
            Fits codes of several sizes to a sample, in memory, and counts how many of the exact ten nearest each finds.
          </p>
        )
      )}
    </section>
  );
}

function Measured({
  curve: { curve, chosen, sample, targets },
  reranks,
}: {
  readonly curve: Curve;
  readonly reranks: boolean;
}) {
  const [at, setAt] = useState<number>();
  const data = useMemo((): uPlot.AlignedData => {
    const own = curve.map((point) =>
      point.bytes === chosen ? (reranks ? point.candidateRecall : point.recall).mean : null,
    );
    return [
      curve.map(({ bytes }) => bytes),
      curve.map(({ candidateRecall }) => candidateRecall.low),
      curve.map(({ candidateRecall }) => candidateRecall.high),
      curve.map(({ recall }) => recall.low),
      curve.map(({ recall }) => recall.high),
      curve.map(({ candidateRecall }) => candidateRecall.mean),
      curve.map(({ recall }) => recall.mean),
      own,
    ];
  }, [curve, chosen, reranks]);
  const own = curve.find(({ bytes }) => bytes === chosen);
  const shownPoint = (at === undefined ? undefined : curve[at]) ?? own;
  const aim = targets.find(({ target }) => target === 0.9);
  const advised = reranks ? aim?.bytesReranked : aim?.bytes;
  const said = [
    own &&
      `This store's ${own.bytes} bytes a row find ${percent((reranks ? own.candidateRecall : own.recall).mean)} of the nearest ten.`,
    aim && (advised === undefined ? "None of these sizes reaches 90 %." : `${advised} bytes reach 90 %.`),
  ]
    .filter(Boolean)
    .join(" ");
  return (
    <>
      <p>{said}</p>
      <Chart
        label={`Recall by bytes a row. ${said}`}
        height={190}
        data={data}
        shape={curve.map(({ bytes }) => bytes).join()}
        onPoint={setAt}
        options={(colors) => {
          const edge = { width: 0, points: { show: false } };
          const line = (stroke: string) => ({
            stroke,
            width: 2,
            points: { show: true, size: 6, fill: colors.surface },
          });
          return {
            cursor: { y: false, drag: { x: false, y: false } },
            scales: { x: { time: false, distr: 3, log: 2 }, y: { range: [0, 1.04] } },
            axes: [
              axis(colors, {
                size: 24,
                splits: () => curve.map(({ bytes }) => bytes),
                values: (_, all) => thinned(all),
              }),
              axis(colors, { size: 46, values: (_, all) => all.map((v) => `${Math.round(100 * v)} %`) }),
            ],
            bands: [
              { series: [2, 1], fill: faint(colors.hot, 0.15) },
              { series: [4, 3], fill: faint(colors.cold, 0.15) },
            ],
            series: [
              {},
              edge,
              edge,
              edge,
              edge,
              line(colors.hot),
              line(colors.cold),
              { points: { show: true, size: 13, stroke: colors.hit, fill: colors.hit }, paths: () => null },
            ],
          };
        }}
      />
      <p class="legend">
        <span class="key hot" /> reranked from originals <span class="key cold" /> by codes alone{" "}
        {own && (
          <>
            <span class="key lit" /> this store
          </>
        )}
      </p>
      <p class="readout">
        {shownPoint &&
          `${shownPoint.bytes} bytes a row: ${percent(shownPoint.candidateRecall.mean)} reranked, ${percent(shownPoint.recall.mean)} by codes alone. `}
        {count(sample.documents)} rows searched with {count(sample.queries)} others; bands are 95 % intervals.
      </p>
    </>
  );
}

/** Labels of sizes, without those that would touch the one before. */
function thinned(sizes: readonly number[]): string[] {
  let last = 0;
  return sizes.map((size) => {
    if (size < 1.3 * last) return "";
    last = size;
    return String(size);
  });
}
