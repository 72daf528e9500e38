import { useMemo, useState } from "preact/hooks";
import uPlot from "uplot";
import type { SpectrumView } from "../source.js";
import { axis, Chart, faint } from "./chart.js";
import { count, percent } from "./format.js";
import { Panel } from "./panel.js";
import type { Answered } from "./use-answer.js";

/** Least share of the largest eigenvalue that is drawn: below it there is only rounding. */
const FLOOR = 1e-7;

const SYNC = "coordinates";

/** With room for the halves of the first bar and of the last. */
const COORDINATES: uPlot.Scale = { time: false, range: (_, least, most) => [least - 0.5, most + 0.5] };

/** The eigenvalues of the store's vectors, and under them the bits that coordinates get: those of the codebook in use, else a plan. */
export function SpectrumPanel({ answered }: { readonly answered: Answered<SpectrumView> }) {
  return (
    <Panel title="Spectrum" answered={answered} waiting="Measuring how the vectors spread …">
      {(spectrum) => <Spectrum spectrum={spectrum} />}
    </Panel>
  );
}

function Spectrum({ spectrum }: { readonly spectrum: SpectrumView }) {
  const { eigenvalues, bits, bitsFrom, sample } = spectrum;
  const [at, setAt] = useState<number>();
  const said = useMemo(() => summary(spectrum), [spectrum]);
  const data = useMemo(() => {
    const coordinates = eigenvalues.map((_, i) => i + 1);
    const least = FLOOR * (eigenvalues[0] ?? 1);
    const values = eigenvalues.map((value) => (value > least ? value : null));
    return {
      values: [coordinates, values] as uPlot.AlignedData,
      bits: [coordinates, [...(bits ?? [])]] as uPlot.AlignedData,
    };
  }, [eigenvalues, bits]);
  const shape = `${eigenvalues.length} ${bits === undefined}`;
  const pointed = at === undefined ? undefined : eigenvalues[at];
  return (
    <>
      <p>{said}</p>
      <h3>Variance of each coordinate, log scale</h3>
      <Chart
        label={`Eigenvalues of ${count(eigenvalues.length)} coordinates. ${said}`}
        height={150}
        data={data.values}
        shape={shape}
        onPoint={setAt}
        options={(colors) => ({
          cursor: { sync: { key: SYNC }, y: false, drag: { x: true, y: false } },
          scales: { x: COORDINATES, y: { distr: 3 } },
          axes: [
            axis(colors, { size: 24 }),
            axis(colors, {
              size: 52,
              filter: decades,
              grid: { stroke: colors.line, width: 1, filter: decades },
              ticks: { stroke: colors.line, width: 1, size: 4, filter: decades },
              values: (_, splits) => splits.map((value) => (value === null ? "" : value.toExponential(0))),
            }),
          ],
          series: [
            {},
            { stroke: colors.accent, width: 1.5, fill: faint(colors.accent, 0.15), points: { show: false } },
          ],
        })}
      />
      {bits && (
        <>
          <h3>
            {bitsFrom === "codebook"
              ? "Bits in the codebook in use, by its own sample's coordinates"
              : "Bits planned, as there is no codebook yet"}
          </h3>
          <Chart
            label={
              bitsFrom === "codebook"
                ? "Bits that the codebook in use gives to each of its coordinates"
                : "Bits that a codebook would be planned with, a coordinate each"
            }
            height={110}
            data={data.bits}
            shape={shape}
            onPoint={setAt}
            options={(colors) => ({
              cursor: { sync: { key: SYNC }, y: false, drag: { x: true, y: false } },
              scales: { x: COORDINATES, y: { range: (_, __, most) => [0, Math.max(1, Math.ceil(most))] } },
              axes: [axis(colors, { size: 24 }), axis(colors, { size: 52, incrs: [1, 2, 4, 8] })],
              series: [
                {},
                {
                  stroke: colors.cold,
                  width: 0,
                  fill: colors.cold,
                  points: { show: false },
                  ...(uPlot.paths.bars && { paths: uPlot.paths.bars({ size: [0.9, 12] }) }),
                },
              ],
            })}
          />
        </>
      )}
      <p class="readout">
        {pointed === undefined || at === undefined
          ? `Measured on ${count(sample)} rows. Point at a coordinate for its numbers; drag to zoom, double-click to zoom out.`
          : `Coordinate ${at + 1}: variance ${pointed.toExponential(2)}${bits ? `, ${(bits[at] ?? 0).toFixed(2)} bits${bitsFrom === "plan" ? " planned" : ""}` : ""}`}
      </p>
    </>
  );
}

/** Powers of ten, the only numbers that have lines. */
function decades(_: uPlot, values: readonly number[]): (number | null)[] {
  return values.map((value) => (Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6 ? value : null));
}

/** What the spectrum means, for those who have never seen one. */
function summary({ eigenvalues, bits, bitsFrom, bytes }: SpectrumView): string {
  const total = eigenvalues.reduce((sum, value) => sum + value, 0);
  let [held, needed] = [0, 0];
  while (needed < eigenvalues.length && held < 0.9 * total) held += eigenvalues[needed++] ?? 0;
  const first = total > 0 ? (eigenvalues[0] ?? 0) / total : 0;
  const spread =
    `The first of ${count(eigenvalues.length)} coordinates holds ${percent(first)} of the variance, ` +
    `the first ${count(needed)} hold 90 %.`;
  if (!bits) return spread;
  const coded = bits.filter((value) => value > 0).length;
  return `${spread} A code of ${bytes} bytes ${bitsFrom === "codebook" ? "gives" : "would give"} bits to ${count(coded)} of them.`;
}
