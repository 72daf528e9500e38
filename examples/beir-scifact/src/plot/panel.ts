import { formatNumber } from "../report/table.js";
import type { Row } from "../row.js";
import { mark } from "./marks.js";
import type { PlotData, Quality, Series } from "./series.js";
import { element, text } from "./svg.js";

/** Half of the plot: where it stands, and which quality it shows. The last tick is the top of the axis. */
export interface Panel {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly quality: Quality;
  readonly title: string;
  readonly ticks: readonly number[];
}

const LEAST_BYTES = 13;
const MOST_BYTES = 1900;
const BYTE_TICKS = [16, 24, 32, 48, 96, 192, 1536];
/** The rates whose values are written out; more would run into each other. */
const LABELLED_BYTES = [24, 48];

/** A panel with its axes, the exact line and all curves. */
export function drawPanel(panel: Panel, { series, exact }: PlotData): string {
  const eigen = series.find(({ key }) => key === "eigen")?.rows ?? [];
  const parts = [
    text(panel.title, { class: "panel", x: panel.left, y: panel.top - 16 }),
    ...qualityAxis(panel),
    ...byteAxis(panel),
    ...(exact ? reference(panel, exact) : []),
    // The best is drawn last, on top.
    ...series.toReversed().map((one) => curve(panel, one)),
    ...eigen.filter(({ bytes }) => LABELLED_BYTES.includes(bytes)).map((row) => valueLabel(panel, row)),
  ];
  return element("g", { id: panel.quality }, ...parts.map((part) => `\n  ${part}`), "\n");
}

function qualityAxis(panel: Panel): string[] {
  const { left, width, ticks } = panel;
  return ticks.flatMap((tick) => {
    const y = yOf(panel, tick);
    return [
      element("line", { class: tick === 0 ? "axis" : "grid", x1: left, x2: left + width, y1: y, y2: y }),
      text(tick.toFixed(1), { x: left - 10, y: y + 4, "text-anchor": "end" }),
    ];
  });
}

function byteAxis(panel: Panel): string[] {
  const { left, width } = panel;
  const bottom = panel.top + panel.height;
  const ticks = BYTE_TICKS.flatMap((tick) => {
    const x = xOf(panel, tick);
    return [
      element("line", { class: "axis", x1: x, x2: x, y1: bottom, y2: bottom + 4 }),
      text(formatNumber(tick), { x, y: bottom + 19, "text-anchor": "middle" }),
    ];
  });
  return [
    ...ticks,
    text("bytes per vector in RAM (logarithmic)", { x: left + width / 2, y: bottom + 42, "text-anchor": "middle" }),
  ];
}

function reference(panel: Panel, exact: Row): string[] {
  const y = yOf(panel, exact[panel.quality]);
  return [
    element("line", { class: "exact", x1: panel.left, x2: panel.left + panel.width, y1: y, y2: y }),
    mark("circle", xOf(panel, exact.bytes), y, "reference"),
  ];
}

function curve(panel: Panel, { key, shape, rows }: Series): string {
  const points = rows.map((row) => [xOf(panel, row.bytes), yOf(panel, row[panel.quality])] as const);
  const path = points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x.toFixed(2)} ${y.toFixed(2)}`).join(" ");
  const line = points.length > 1 ? element("path", { class: `curve ${key}`, d: path }) : "";
  return line + points.map(([x, y]) => mark(shape, x, y, key)).join("");
}

function valueLabel(panel: Panel, row: Row): string {
  const value = row[panel.quality];
  const place = { x: xOf(panel, row.bytes) + 4, y: yOf(panel, value) + 20 };
  return text(value.toFixed(3), { class: "value", ...place });
}

function xOf({ left, width }: Panel, bytes: number): number {
  return left + (width * Math.log(bytes / LEAST_BYTES)) / Math.log(MOST_BYTES / LEAST_BYTES);
}

function yOf({ top, height, ticks }: Panel, value: number): number {
  return top + height * (1 - value / (ticks.at(-1) ?? 1));
}
