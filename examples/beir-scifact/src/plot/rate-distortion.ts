import type { Row } from "../row.js";
import { legend } from "./legend.js";
import { drawPanel, type Panel } from "./panel.js";
import { type PlotData, plotData } from "./series.js";
import { STYLE } from "./style.js";
import { element, text } from "./svg.js";

const WIDTH = 960;
const HEIGHT = 452;
const MARGIN = 28;
const FRAME = { top: 138, width: 396, height: 252 } as const;

const PANELS: readonly Panel[] = [
  {
    ...FRAME,
    left: 62,
    quality: "ndcg10",
    title: "Answers as the judges see them: nDCG@10",
    ticks: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
  },
  {
    ...FRAME,
    left: 532,
    quality: "overlap10",
    title: "Answers as exact search gives them: overlap of the top ten",
    ticks: [0, 0.2, 0.4, 0.6, 0.8, 1],
  },
];

/**
 * The rate–distortion plot of a run as SVG: bytes per row (logarithmic) against nDCG@10 and against overlap with exact
 * search. Equal figures give equal text.
 */
export function renderRateDistortion(rows: readonly Row[]): string {
  const data = plotData(rows);
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    width: WIDTH,
    height: HEIGHT,
    role: "img",
    "aria-labelledby": "title description",
  };
  const body = [
    element("title", { id: "title" }, "What a byte per row buys on BEIR SciFact"),
    element("desc", { id: "description" }, describe(data)),
    element("style", {}, STYLE),
    element("rect", { class: "paper", x: 0.5, y: 0.5, width: WIDTH - 1, height: HEIGHT - 1, rx: 8 }),
    text("What a byte per row buys", { class: "title", x: MARGIN, y: 38 }),
    text("BEIR SciFact: 5,183 abstracts, 300 claims, all-MiniLM-L6-v2 in 384 dimensions", { x: MARGIN, y: 59 }),
    legend(data, MARGIN, 86),
    ...PANELS.map((panel) => drawPanel(panel, data)),
  ];
  return `${element("svg", attributes, ...body.map((part) => `\n${part}`), "\n")}\n`;
}

function describe({ series, exact }: PlotData): string {
  const sentences = series.map(({ label, rows }) => {
    const points = rows.map((row) => `${row.bytes} bytes ${row.ndcg10.toFixed(3)} and ${row.overlap10.toFixed(3)}`);
    return `${label}: ${points.join(", ")}.`;
  });
  const reference = exact ? [`Exact float32: ${exact.bytes} bytes ${exact.ndcg10.toFixed(3)} and 1.`] : [];
  return ["nDCG@10 and overlap with the exact top ten, by bytes per row.", ...sentences, ...reference].join(" ");
}
