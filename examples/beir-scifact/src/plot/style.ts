/** The colours of one scheme. */
interface Palette {
  readonly paper: string;
  readonly edge: string;
  readonly ink: string;
  readonly soft: string;
  readonly grid: string;
  readonly eigen: string;
  readonly tiered: string;
  readonly asymmetric: string;
  readonly symmetric: string;
}

const LIGHT: Palette = {
  paper: "#ffffff",
  edge: "#d8dee4",
  ink: "#1f2328",
  soft: "#59636e",
  grid: "#eaeef2",
  eigen: "#0b7285",
  tiered: "#d9480f",
  asymmetric: "#7048e8",
  symmetric: "#868e96",
};

const DARK: Palette = {
  paper: "#0d1117",
  edge: "#30363d",
  ink: "#e6edf3",
  soft: "#9198a1",
  grid: "#21262d",
  eigen: "#3bc9db",
  tiered: "#ff922b",
  asymmetric: "#b197fc",
  symmetric: "#8b949e",
};

const SHAPES = `text { font: 12px Inter, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
.title { font-size: 18px; font-weight: 600; }
.panel { font-size: 13px; font-weight: 600; }
.value { font-size: 11px; font-weight: 600; }
.exact { stroke-dasharray: 5 4; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.mark { stroke-width: 1.5; }`;

/**
 * The style sheet of the plot. It paints its own background, so that its colours hold wherever it is shown, and follows
 * the reader's colour scheme where the viewer can. Plain rules without variables: not every SVG viewer knows those.
 */
export const STYLE = `\n${SHAPES}\n${colours(LIGHT)}\n@media (prefers-color-scheme: dark) {\n${colours(DARK)}\n}\n`;

function colours(palette: Palette): string {
  const { paper, edge, ink, soft, grid } = palette;
  const series = (["eigen", "asymmetric", "symmetric", "tiered"] as const).flatMap((key) => [
    `.curve.${key} { stroke: ${palette[key]}; }`,
    `.mark.${key} { fill: ${palette[key]}; }`,
  ]);
  return [
    `.paper { fill: ${paper}; stroke: ${edge}; }`,
    `text { fill: ${soft}; }`,
    `.title, .panel { fill: ${ink}; }`,
    `.value { fill: ${palette.eigen}; }`,
    `.grid { stroke: ${grid}; }`,
    `.axis { stroke: ${soft}; }`,
    `.exact { stroke: ${ink}; }`,
    `.mark { stroke: ${paper}; }`,
    `.mark.reference { fill: ${ink}; }`,
    ...series,
  ].join("\n");
}
