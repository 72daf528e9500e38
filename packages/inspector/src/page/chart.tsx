import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { type Colors, colorsOf, onThemeChange } from "./theme.js";

export interface ChartProps {
  /** What is to be seen, for those who do not see it. */
  readonly label: string;
  readonly height: number;
  readonly data: uPlot.AlignedData;
  /** The chart's make-up in the theme's colours. It is made anew where `shape` changes; data alone are only set. */
  readonly options: (colors: Colors) => Omit<uPlot.Options, "width" | "height">;
  readonly shape: string;
  /** The place that is pointed at, or undefined. */
  readonly onPoint?: (index: number | undefined, chart: uPlot) => void;
}

/** A chart as wide as its place, in the theme's colours. */
export function Chart({ label, height, data, options, shape, onPoint }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const pointed = useRef(onPoint);
  pointed.current = onPoint;

  // Data are set below, and `shape` says when options are others.
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const make = () => {
      chart.current?.destroy();
      const { hooks, ...rest } = options(colorsOf(element));
      const setCursor = (made: uPlot) => pointed.current?.(made.cursor.idx ?? undefined, made);
      const all = { ...hooks, setCursor: [...(hooks?.setCursor ?? []), setCursor] };
      const size = { width: Math.max(element.clientWidth, 100), height };
      chart.current = new uPlot({ ...rest, ...size, legend: { show: false }, hooks: all }, data, element);
    };
    make();
    const off = onThemeChange(make);
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0) chart.current?.setSize({ width: element.clientWidth, height });
    });
    resized.observe(element);
    return () => {
      off();
      resized.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [shape, height]);

  useEffect(() => {
    chart.current?.setData(data);
  }, [data]);

  return <div class="chart" ref={place} role="img" aria-label={label} />;
}

/** Axes as all charts have them. */
export function axis(colors: Colors, more: uPlot.Axis = {}): uPlot.Axis {
  const thin = { stroke: colors.line, width: 1 };
  return { stroke: colors.muted, grid: thin, ticks: { ...thin, size: 4 }, font: "11px system-ui", gap: 4, ...more };
}

/** A colour with less of it. */
export function faint(color: string, share: number): string {
  return color.replace(/^rgb\((.*)\)$/, `rgba($1, ${share})`);
}
