import { curveSvg, type Measured } from "./curve-svg.js";
import { escaped } from "./escaped.js";

const STYLE = `
  :root { color-scheme: light dark; }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b232c; background: #ffffff; }
  svg { width: 100%; height: auto; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th, td { padding: 0.2rem 1rem; text-align: right; border-bottom: 1px solid #8886; }
  @media (prefers-color-scheme: dark) { body { color: #e8ecf0; background: #12171d; } }`;

/** The curve with its figures as a page that needs nothing else. */
export function curveHtml(measured: Measured): string {
  const { name, found } = measured;
  const share = (value: number) => value.toFixed(3);
  const cells = (values: readonly string[]) => values.map((value) => `<td>${value}</td>`).join("");
  const rows = found.curve.map(({ bytes, totalBytesPerRow, recall, candidateRecall }) => {
    const values = [String(bytes), totalBytesPerRow.toFixed(1), share(recall.mean), share(candidateRecall.mean)];
    return `<tr>${cells(values)}</tr>`;
  });
  const names = ["bytes", "with codebook", "recall@10", "among 100 rescored"];
  const head = names.map((column) => `<th scope="col">${column}</th>`).join("");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(`Bytes and recall of ${name}`)}</title>
<style>${STYLE}
</style>
<h1>${escaped(`Bytes and recall of ${name}`)}</h1>
${curveSvg(measured)}<ul>
${found.targets.map(({ advice }) => `<li>${escaped(advice)}</li>`).join("\n")}
</ul>
<table>
<tr>${head}</tr>
${rows.join("\n")}
</table>
</html>
`;
}
