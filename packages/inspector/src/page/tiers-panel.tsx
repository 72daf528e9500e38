import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import type { StoreStats } from "../source.js";
import { axis, Chart } from "./chart.js";
import { bytes, count, counted, percent } from "./format.js";
import type { Look } from "./use-looks.js";

/** Where rows are, and how that has changed since the page was opened. */
export function TiersPanel({ looks }: { readonly looks: readonly Look[] }) {
  const last = looks.at(-1);
  const data = useMemo(() => {
    const times = looks.map(({ at }) => at / 1_000);
    const moved = looks.map(({ cold }, i) => cold - (looks[i - 1]?.cold ?? cold));
    return {
      rows: [times, looks.map(({ hot }) => hot), looks.map(({ cold }) => cold)] as uPlot.AlignedData,
      moved: [times, moved] as uPlot.AlignedData,
    };
  }, [looks]);
  if (!last) return null;
  const { stats } = last;
  return (
    <section class="panel" aria-label="Tiers">
      <h2>Tiers</h2>
      <Occupancy stats={stats} />
      {looks.length > 1 && (
        <>
          <h3>Rows of each tier since this page was opened</h3>
          <Chart
            label={`Rows over time: now ${count(last.hot)} hot and ${count(last.cold)} cold`}
            height={120}
            data={data.rows}
            shape="rows"
            options={(colors) => ({
              cursor: { y: false, drag: { x: false, y: false }, sync: { key: "time" } },
              scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(1, 1.08 * most)] } },
              axes: [
                axis(colors, { size: 24, space: 70, values: clock }),
                axis(colors, { size: 56, values: (_, all) => all.map(whole) }),
              ],
              series: [
                {},
                { stroke: colors.hot, width: 2, points: { show: false } },
                { stroke: colors.cold, width: 2, points: { show: false } },
              ],
            })}
          />
          <h3>Rows that the cold tier gained or lost</h3>
          <Chart
            label="Net moves of the cold tier over time"
            height={90}
            data={data.moved}
            shape="moved"
            options={(colors) => ({
              cursor: { y: false, drag: { x: false, y: false }, sync: { key: "time" } },
              scales: {
                x: { time: true },
                y: { range: (_, least, most) => [Math.min(-1, least ?? 0), Math.max(1, most ?? 0)] },
              },
              axes: [
                axis(colors, { size: 24, space: 70, values: clock }),
                axis(colors, { size: 56, values: (_, all) => all.map(whole) }),
              ],
              series: [
                {},
                {
                  stroke: colors.accent,
                  width: 0,
                  fill: colors.accent,
                  points: { show: false },
                  ...(uPlot.paths.bars && { paths: uPlot.paths.bars({ size: [0.8, 14] }) }),
                },
              ],
            })}
          />
        </>
      )}
      <p class="readout">
        {counted(stats.demotions, "row")} moved down and {count(stats.promotions)} up by this process; others' moves
        show as changes.
      </p>
    </section>
  );
}

function Occupancy({ stats }: { readonly stats: StoreStats }) {
  const { hot, cold, withoutVector, records } = stats;
  const parts = [
    { name: "hot", rows: hot.rows },
    { name: "cold", rows: cold.rows },
    { name: "plain", rows: withoutVector },
  ].filter(({ rows }) => rows > 0);
  // JSON has no infinity.
  const capacity = Number.isFinite(hot.capacity) && hot.capacity !== null ? `, up to ${count(hot.capacity)}` : "";
  const coded = cold.bytesPerRow === undefined ? "" : ` as codes of ${cold.bytesPerRow} bytes`;
  return (
    <>
      <div class="occupancy" aria-hidden="true">
        {parts.map(({ name, rows }) => (
          <div key={name} class={name} style={{ flexGrow: rows / Math.max(records, 1) }} />
        ))}
      </div>
      <ul class="tiers">
        <li>
          <span class="key hot" /> <b>{count(hot.rows)}</b> hot{capacity}, exact in {bytes(hot.ramBytes)} of RAM
          {hot.pinned > 0 && `, ${count(hot.pinned)} pinned`}
        </li>
        <li>
          <span class="key cold" /> <b>{count(cold.rows)}</b> cold{coded} in {bytes(cold.ramBytes)} of RAM
        </li>
        {withoutVector > 0 && (
          <li>
            <span class="key plain" /> <b>{count(withoutVector)}</b> without a vector
          </li>
        )}
        {stats.drift && (
          <li>
            Drift {stats.drift.ratio.toFixed(2)} of the error at calibration
            {stats.drift.recalibrate && <b>: time to recalibrate</b>}
          </li>
        )}
        {stats.served.hotShare !== undefined && (
          <li>{percent(stats.served.hotShare)} of the hits shown came from the hot tier</li>
        )}
      </ul>
    </>
  );
}

function clock(_: uPlot, seconds: readonly number[]): string[] {
  return seconds.map((at) => new Date(1_000 * at).toLocaleTimeString("en-GB"));
}

function whole(value: number): string {
  return Number.isInteger(value) ? count(value) : "";
}
