import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { recommend } from "@thermocline/core";
import { misuse } from "../failure.js";
import { NpyFile } from "../npy-file.js";
import { bytes, count, type Screen, strong, table } from "../screen.js";

/** Rows that are measured at most; a file of millions is sampled evenly. */
const SAMPLE = 20_000;

export interface RecommendFlags {
  readonly recall: readonly number[];
  readonly plot?: string | undefined;
}

/** What each number of bytes a row costs and finds on the vectors of a file. */
export async function recommendBytes(
  path: string,
  { recall, plot }: RecommendFlags,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const [, kind] = /\.(svg|html)$/i.exec(plot ?? "") ?? [];
  if (plot !== undefined && kind === undefined) misuse(`${plot} is no .svg or .html file; give a name that ends so.`);
  const file = await NpyFile.open(path);
  const [{ rows, dim }, sample] = [file, [] as Float32Array[]];
  try {
    const taken = Math.min(rows, SAMPLE);
    for (let i = 0; i < taken; i++) sample.push(...(await file.read(Math.floor((i * rows) / taken), 1)));
  } finally {
    await file.close();
  }
  const found = await recommend(sample, {
    targets: recall,
    rows,
    signal,
    onProgress: ({ done, total }) => screen.progress("recommend", done, total),
  });
  if (plot !== undefined) {
    const measured = { name: basename(path), rows, dim, found };
    if (kind?.toLowerCase() === "svg") {
      const { curveSvg } = await import("../plot/curve-svg.js");
      await writeFile(plot, curveSvg(measured));
    } else {
      const { curveHtml } = await import("../plot/curve-html.js");
      await writeFile(plot, curveHtml(measured));
    }
  }
  screen.result({ path, rows, dim, ...found, ...(plot !== undefined && { plot }) }, () => {
    const share = (value: number) => value.toFixed(3);
    return [
      `${strong(path)}: ${count(rows)} vectors of ${dim} components, ${bytes(4 * dim)} each as float32`,
      ...table([
        ["bytes", "with codebook", "recall@10", "among 100 rescored"],
        ...found.curve.map((point) => [
          String(point.bytes),
          point.totalBytesPerRow.toFixed(1),
          share(point.recall.mean),
          share(point.candidateRecall.mean),
        ]),
      ]),
      ...found.targets.map(({ advice }) => advice),
      ...(plot === undefined ? [] : [`The curve is drawn in ${plot}.`]),
    ];
  });
}
