import type { Shape } from "./series.js";
import { element } from "./svg.js";

/** A data mark centred on (x, y). All shapes have about the same area. */
export function mark(shape: Shape, x: number, y: number, name: string): string {
  const className = `mark ${name}`;
  switch (shape) {
    case "circle":
      return element("circle", { class: className, cx: x, cy: y, r: 4.5 });
    case "square":
      return element("rect", { class: className, x: x - 4, y: y - 4, width: 8, height: 8, rx: 1 });
    case "triangle":
      return polygon(className, [x, y - 5], [x + 5, y + 4], [x - 5, y + 4]);
    case "diamond":
      return polygon(className, [x, y - 6.5], [x + 6.5, y], [x, y + 6.5], [x - 6.5, y]);
  }
}

function polygon(className: string, ...points: readonly [number, number][]): string {
  return element("polygon", { class: className, points: points.map((point) => point.map(round).join(",")).join(" ") });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
