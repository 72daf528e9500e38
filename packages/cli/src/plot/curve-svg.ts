import type { CurvePoint, Estimate, Recommendation } from "@thermocline/core";
import { scaleLinear, scaleLog } from "d3-scale";
import { area, curveMonotoneX, line } from "d3-shape";
import { escaped } from "./escaped.js";

const [WIDTH, HEIGHT] = [760, 488];
const MARGIN = { top: 92, right: 28, bottom: 56, left: 60 };

/** Characters of a file's name that fit. */
const LONGEST_NAME = 70;

/** Colours by the scheme that the page is shown in; both pairs can be told apart without colour vision, and lines differ in dashes, too. */
const STYLE = `
  .thermocline-curve { color-scheme: light dark; --paper: #ffffff; --ink: #1b232c; --soft: #5b6672; --grid: #e1e5ea; --reranked: #1f5fa8; --alone: #b4530a;
    font: 13px system-ui, sans-serif; background: var(--paper); }
  @media (prefers-color-scheme: dark) {
    .thermocline-curve { --paper: #12171d; --ink: #e8ecf0; --soft: #9aa6b2; --grid: #2a323b; --reranked: #79b8ff; --alone: #f2a25c; }
  }
  .thermocline-curve text { fill: var(--soft); }
  .thermocline-curve .title { fill: var(--ink); font-size: 16px; font-weight: 600; }
  .thermocline-curve .grid { stroke: var(--grid); }
  .thermocline-curve .target { stroke: var(--soft); stroke-dasharray: 2 4; }
  .thermocline-curve .line { fill: none; stroke-width: 2; }
  .thermocline-curve .band { opacity: 0.16; stroke: none; }
  .thermocline-curve .chosen { stroke-width: 2.5; fill: var(--paper); }
  .thermocline-curve .reranked { --series: var(--reranked); }
  .thermocline-curve .alone { --series: var(--alone); }
  .thermocline-curve .alone .line { stroke-dasharray: 7 4; }
  .thermocline-curve .line, .thermocline-curve .chosen { stroke: var(--series); }
  .thermocline-curve .band, .thermocline-curve .point, .thermocline-curve .label { fill: var(--series); }
  .thermocline-curve .label { font-weight: 600; }`;

/** What a curve is of. */
export interface Measured {
  readonly name: string;
  readonly rows: number;
  readonly dim: number;
  readonly found: Recommendation;
}

/** A way of searching, and which bytes it takes for a target. */
const SERIES = [
  {
    name: "reranked",
    says: "reranked from originals (100 candidates)",
    recall: ({ candidateRecall }: CurvePoint): Estimate => candidateRecall,
    chosen: "bytesReranked",
  },
  { name: "alone", says: "by codes alone", recall: ({ recall }: CurvePoint): Estimate => recall, chosen: "bytes" },
] as const;

/** Recall over bytes a row as an SVG of its own, with 95 % intervals and the fewest bytes that reach each target. */
export function curveSvg({ name, rows, dim, found }: Measured): string {
  const { curve, targets } = found;
  const [fewest = 1, most = 2] = [curve[0]?.bytes, curve.at(-1)?.bytes];
  const lows = curve.flatMap((point) => SERIES.map(({ recall }) => recall(point).low));
  const floor = Math.floor(10 * Math.min(0.9, ...lows, ...targets.map(({ target }) => target))) / 10;
  const x = scaleLog([fewest, Math.max(most, fewest * 2)], [MARGIN.left, WIDTH - MARGIN.right]).base(2);
  const y = scaleLinear([floor, 1], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const px = (value: number) => value.toFixed(1);

  const grid = y.ticks(6).map((tick) => {
    const at = px(y(tick));
    return `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}"/><text x="${MARGIN.left - 8}" y="${at}" dy="0.35em" text-anchor="end">${tick.toFixed(2)}</text>`;
  });
  const bytes = curve.map((point) => {
    const at = px(x(point.bytes));
    return `<text x="${at}" y="${HEIGHT - MARGIN.bottom + 20}" text-anchor="middle">${point.bytes}</text>`;
  });
  const wanted = targets.map(({ target }) => {
    const at = px(y(target));
    return `<line class="target" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}"/>`;
  });

  const series = SERIES.map(({ name: kind, says, recall, chosen }, row) => {
    const path = line<CurvePoint>(
      (point) => x(point.bytes),
      (point) => y(recall(point).mean),
    ).curve(curveMonotoneX);
    const band = area<CurvePoint>(
      (point) => x(point.bytes),
      (point) => y(recall(point).low),
      (point) => y(recall(point).high),
    ).curve(curveMonotoneX);
    const points = curve.map((point) => {
      const { mean, low, high } = recall(point);
      const hint = `${point.bytes} bytes ${says}: recall ${mean.toFixed(3)}, 95 % between ${low.toFixed(3)} and ${high.toFixed(3)}`;
      return `<circle class="point" cx="${px(x(point.bytes))}" cy="${px(y(mean))}" r="3"><title>${hint}</title></circle>`;
    });
    const marks = curve.flatMap((point) => {
      const among = targets.filter((target) => target[chosen] === point.bytes);
      if (among.length === 0) return [];
      const [cx, cy] = [x(point.bytes), y(recall(point).mean)];
      const says = `${among.map(({ target }) => target).join(", ")}: ${point.bytes} B`;
      const [anchor, at] = cx > WIDTH - 140 ? ["end", cx - 8] : ["start", cx + 8];
      return [
        `<circle class="chosen" cx="${px(cx)}" cy="${px(cy)}" r="6"/>`,
        `<text class="label" x="${px(at)}" y="${px(cy + 22)}" text-anchor="${anchor}">${says}</text>`,
      ];
    });
    const legend = MARGIN.left + 340 * row;
    return `<g class="${kind}"><path class="band" d="${band(curve) ?? ""}"/><path class="line" d="${path(curve) ?? ""}"/>${points.join("")}${marks.join("")}<path class="line" d="M${legend},66h26"/><text x="${legend + 34}" y="70">${says}</text></g>`;
  });

  const title = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
  const about = `recall@10 by bytes a row, of ${rows.toLocaleString("en-US")} vectors of ${dim} components`;
  const advice = targets.map(({ advice }) => advice).join(" ");
  return `<svg xmlns="http://www.w3.org/2000/svg" class="thermocline-curve" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="curve-title curve-text">
<title id="curve-title">${escaped(`${name}: ${about}`)}</title><desc id="curve-text">${escaped(advice)}</desc>
<style>${STYLE}
</style>
<rect width="${WIDTH}" height="${HEIGHT}" fill="var(--paper)"/>
<text class="title" x="${MARGIN.left}" y="24">${escaped(title)}</text>
<text x="${MARGIN.left}" y="44">${about}</text>
${[...grid, ...bytes, ...wanted, ...series].join("\n")}
<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">bytes of code a row</text>
<text transform="translate(16 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">share of the exact top 10 that is found</text>
</svg>
`;
}
