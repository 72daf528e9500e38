// Pictures of the command line in a terminal, for the documentation, from real runs on SciFact: npm run build, node scripts/cli-images.mjs
// Needs `script`, which Linux has, for a command that writes to a terminal writes more than one that does not.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAnsiSequenceParser } from "ansi-sequence-parser";
import { root } from "./files.mjs";

/**
 * @typedef {{ text: string, color: string | undefined, bold: boolean, dim: boolean }} Run
 * @typedef {Run[]} Line
 */

const COLUMNS = 100;
/** Of a character, in pixels at a font size of 14. */
const [WIDTH, HEIGHT] = [8.4, 19];
const [PADDING, BAR] = [16, 30];

/** One Dark's colours, by the names that terminals give to theirs. */
const COLORS = /** @type {Record<string, string>} */ ({
  black: "#5c6370",
  red: "#e06c75",
  green: "#98c379",
  yellow: "#e5c07b",
  blue: "#61afef",
  magenta: "#c678dd",
  cyan: "#56b6c2",
  white: "#abb2bf",
});

/** A line up to where it was cleared. */
const CLEARED = new RegExp(`[^\\n]*\\r${String.fromCharCode(27)}\\[K`, "g");

const data = `${root}examples/beir-scifact/data/`;

/** What is made before pictures are taken, and what they show. */
const BEFORE = [
  ["import", "memory.db", `${data}corpus.jsonl.gz`, "--vectors", `${data}documents.f16.npy`],
  ["demote", "memory.db", "--all"],
  ["promote", "memory.db", "--ids", "4983", "5836", "7912", "18670", "19238"],
];
const PICTURES = /** @type {Record<string, string>} */ ({
  info: "thermocline info memory.db",
  search: `thermocline search memory.db --vector ${data}queries.f16.npy -k 4 --explain`,
  recommend: `thermocline recommend ${data}documents.f16.npy --recall 0.9 --recall 0.95`,
});

/**
 * The lines of a terminal that shows `output`, wrapped at its width.
 * @param {string} output
 * @returns {Line[]}
 */
export function linesOf(output) {
  const parser = createAnsiSequenceParser();
  // What stays of a line is what was written after the last time that it was cleared.
  const shown = output.replaceAll("\r\n", "\n").replaceAll(CLEARED, "").trimEnd();
  return shown.split("\n").flatMap((line) => {
    const wrapped = [/** @type {Line} */ ([])];
    let column = 0;
    for (const { value, foreground, decorations } of parser.parse(line)) {
      const color =
        foreground && "name" in foreground ? COLORS[foreground.name.replace(/^bright/, "").toLowerCase()] : undefined;
      for (const character of value) {
        if (column === COLUMNS) {
          wrapped.push([]);
          column = 0;
        }
        const last = wrapped.at(-1)?.at(-1);
        const [bold, dim] = [decorations.has("bold"), decorations.has("dim")];
        if (last && last.color === color && last.bold === bold && last.dim === dim) last.text += character;
        else wrapped.at(-1)?.push({ text: character, color, bold, dim });
        column += 1;
      }
    }
    return wrapped;
  });
}

/**
 * A terminal with a command and what it printed, as SVG.
 * @param {string} typed
 * @param {readonly Line[]} lines
 * @returns {string}
 */
export function svgOf(typed, lines) {
  const prompt = [
    { text: "$ ", color: COLORS["green"], bold: true, dim: false },
    { text: typed, color: "#ffffff", bold: false, dim: false },
  ];
  const all = [prompt, ...lines];
  const [width, height] = [2 * PADDING + COLUMNS * WIDTH, 2 * PADDING + BAR + all.length * HEIGHT];
  const rows = all.map((line, i) => rowOf(line, BAR + PADDING + (i + 0.75) * HEIGHT));
  const dots = ["#ff5f56", "#ffbd2e", "#27c93f"].map(
    (fill, i) => `<circle cx="${20 + 20 * i}" cy="18" r="6" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(typed)}</title>
<rect width="100%" height="100%" rx="8" fill="#21252b"/>
${dots.join("")}
<g xml:space="preserve" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#dcdfe4">
${rows.join("\n")}
</g>
</svg>
`;
}

/**
 * Each run stands where its column is and is as wide as its characters, whichever font there is.
 * @param {Line} line
 * @param {number} y
 */
function rowOf(line, y) {
  let column = 0;
  return line
    .map(({ text, color, bold, dim }) => {
      const [at, length] = [PADDING + column * WIDTH, [...text].length];
      column += length;
      if (text.trim() === "") return "";
      const look = `${color ? ` fill="${color}"` : ""}${bold ? ' font-weight="bold"' : ""}${dim ? ' opacity="0.6"' : ""}`;
      const size = `textLength="${fixed(length * WIDTH)}" lengthAdjust="spacingAndGlyphs"`;
      return `<text x="${fixed(at)}" y="${fixed(y)}" ${size}${look}>${escaped(text)}</text>`;
    })
    .join("");
}

const fixed = (/** @type {number} */ value) => String(Math.round(100 * value) / 100);
const escaped = (/** @type {string} */ text) =>
  text.replaceAll("&", "&amp;").replaceAll(" ", "\u00a0").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function main() {
  const folder = mkdtempSync(join(tmpdir(), "thermocline-images-"));
  try {
    const bin = `${root}packages/cli/dist/index.js`;
    for (const args of BEFORE)
      execFileSync(process.execPath, [bin, ...args], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    mkdirSync(`${root}docs/images`, { recursive: true });
    for (const [name, typed] of Object.entries(PICTURES)) {
      const line = typed.replace(/^thermocline/, `'${process.execPath}' '${bin}'`);
      const terminal = `stty cols ${COLUMNS} rows 60; ${line}`;
      const { NO_COLOR: _, ...rest } = process.env;
      const env = { ...rest, TERM: "xterm-256color" };
      const output = execFileSync("script", ["-qec", terminal, "/dev/null"], { cwd: folder, env, encoding: "utf8" });
      writeFileSync(
        `${root}docs/images/cli-${name}.svg`,
        svgOf(typed.replaceAll(data, ""), linesOf(output.replaceAll(data, ""))),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
