import { useMemo, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { HitView, MapPoint, SpectrumView } from "../source.js";
import { axis, Chart, faint } from "./chart.js";
import { count } from "./format.js";
import { Panel } from "./panel.js";
import type { Answered } from "./use-answer.js";

/** How far from a point it may be pointed at, in pixels. */
const NEAR = 14;

interface MapProps {
  readonly answered: Answered<SpectrumView>;
  readonly namespace: string;
  readonly hits: readonly HitView[];
  readonly onOpen: (id: string) => void;
}

/** Records in the plane of the first two eigen-coordinates, with the hits lit. */
export function MapPanel({ answered, ...props }: MapProps) {
  return (
    <Panel title="Map" answered={answered} waiting="Placing records …">
      {(spectrum) => <PointMap points={spectrum.points} {...props} />}
    </Panel>
  );
}

interface Spot {
  readonly id: string;
  readonly kind: "hot" | "cold" | "hit";
  readonly x: number;
  readonly y: number;
}

function PointMap({
  points,
  namespace,
  hits,
  onOpen,
}: Omit<MapProps, "answered"> & { readonly points: readonly MapPoint[] }) {
  const [near, setNear] = useState<Spot>();
  const spots = useMemo(() => {
    const lit = hits.flatMap(({ id, x, y }): Spot[] =>
      x === undefined || y === undefined ? [] : [{ id, kind: "hit", x, y }],
    );
    const found = new Set(lit.map(({ id }) => id));
    const others = points
      .filter((point) => point.namespace === namespace && !found.has(point.id))
      .map(({ id, tier, x, y }): Spot => ({ id, kind: tier, x, y }));
    return [...others, ...lit].sort((a, b) => a.x - b.x);
  }, [points, namespace, hits]);
  const data = useMemo((): uPlot.AlignedData => {
    const of = (kind: Spot["kind"]) => spots.map((spot) => (spot.kind === kind ? spot.y : null));
    return [spots.map(({ x }) => x), of("cold"), of("hot"), of("hit")];
  }, [spots]);
  const lit = spots.filter(({ kind }) => kind === "hit").length;
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: what a click on the map opens, the hits and the list open by the keyboard */}
      <div
        class={near ? "map pointing" : "map"}
        onClick={() => near && onOpen(near.id)}
        onMouseLeave={() => setNear(undefined)}
        role="presentation"
      >
        <Chart
          label={`Map of ${count(spots.length)} records, ${lit} of them hits. The hits are listed beside it.`}
          height={300}
          data={data}
          shape="map"
          onPoint={(_, chart) => setNear(nearest(chart, spots))}
          options={(colors) => {
            const dots = (size: number, stroke: string, fill: string): uPlot.Series => ({
              stroke,
              paths: () => null,
              points: { show: true, size, width: 1, stroke, fill },
            });
            const none = { values: (_: uPlot, all: readonly number[]) => all.map(() => ""), size: 6 };
            return {
              padding: [8, 8, 0, 0],
              cursor: { x: false, y: false, points: { show: false }, drag: { x: true, y: true, uni: 20 } },
              scales: { x: { time: false, range: margined }, y: { range: margined } },
              axes: [axis(colors, none), axis(colors, none)],
              series: [
                {},
                dots(4, faint(colors.cold, 0.55), faint(colors.cold, 0.35)),
                dots(4, faint(colors.hot, 0.75), faint(colors.hot, 0.5)),
                dots(9, colors.surface, colors.hit),
              ],
            };
          }}
        />
      </div>
      <p class="legend">
        <span class="key hot" /> hot <span class="key cold" /> cold <span class="key lit" /> hit
      </p>
      <p class="readout">
        {near
          ? `${near.id} (${near.kind})`
          : `The first two eigen-coordinates of ${count(spots.length)} records. Point at one for its name, click to read it, drag to zoom.`}
      </p>
    </>
  );
}

function margined(_: uPlot, least: number, most: number): [number, number] {
  const margin = 0.05 * (most - least) || 1;
  return [least - margin, most + margin];
}

function nearest(chart: uPlot, spots: readonly Spot[]): Spot | undefined {
  const { left = -1, top = -1 } = chart.cursor;
  if (left < 0 || top < 0) return undefined;
  let [found, best]: [Spot | undefined, number] = [undefined, NEAR];
  for (const spot of spots) {
    const away = Math.hypot(chart.valToPos(spot.x, "x") - left, chart.valToPos(spot.y, "y") - top);
    if (away < best) [found, best] = [spot, away];
  }
  return found;
}
