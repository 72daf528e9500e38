import { mark } from "./marks.js";
import type { PlotData } from "./series.js";
import { element, text } from "./svg.js";

const LINE = 26;
const GAP = 22;
/** Wide enough for 12 px sans-serif text in the fonts of the style sheet: an SVG cannot measure before it is shown. */
const CHARACTER = 6.1;

/** The names of the curves in one row, starting at (x, y). */
export function legend({ series, exact }: PlotData, x: number, y: number): string {
  const entries = [
    ...(exact ? [{ label: "exact float32", draw: (at: number) => exactSample(at, y) }] : []),
    ...series.map(({ key, label, shape, rows }) => ({
      label,
      draw: (at: number) => (rows.length > 1 ? sample(`curve ${key}`, at, y) : "") + mark(shape, at + LINE / 2, y, key),
    })),
  ];
  let at = x;
  const drawn = entries.map(({ label, draw }) => {
    const entry = draw(at) + text(label, { x: at + LINE + 8, y: y + 4 });
    at += LINE + 8 + label.length * CHARACTER + GAP;
    return entry;
  });
  return element("g", {}, ...drawn.map((entry) => `\n  ${entry}`), "\n");
}

function exactSample(x: number, y: number): string {
  return sample("exact", x, y) + mark("circle", x + LINE / 2, y, "reference");
}

function sample(className: string, x: number, y: number): string {
  return element("line", { class: className, x1: x, x2: x + LINE, y1: y, y2: y });
}
