import {
  computeParticipationRatio,
  type Spectrum,
  type TextIndexStats,
  type Thermocline,
  ThermoclineError,
} from "@thermocline/core";
import { blockLine, heights } from "../block-line.js";
import { rememberedEmbedding, SETTINGS } from "../embedding/remembered.js";
import type { Screen } from "../screen.js";
import { bytes, count, strong } from "../screen.js";
import { withStore } from "../stored.js";

/** Rows that the spectrum is measured on at most: more cost time and change the picture little. */
const SAMPLE = 2_000;

/** What a store holds and costs, and how its vectors spread. */
export async function info(path: string, screen: Screen, signal: AbortSignal): Promise<void> {
  await withStore(path, { readOnly: true }, async (store) => {
    const stats = store.stats();
    const all = await store.namespaces();
    // What the store says of itself is nobody's record.
    const namespaces = all.filter(({ name }) => name !== SETTINGS);
    const own = all.find(({ name }) => name === SETTINGS)?.records ?? 0;
    const records = stats.records - own;
    const withoutVector = stats.withoutVector - own;
    const embedding = await rememberedEmbedding(store);
    const spectrum = await spectrumOf(store, signal);
    const shown = {
      path,
      ...stats,
      records,
      withoutVector,
      namespaces: namespaces.length,
      namespaceList: namespaces,
      embedding,
      spectrum: spectrum && {
        eigenvalues: Array.from(spectrum.eigenvalues),
        bits: spectrum.bits && Array.from(spectrum.bits),
        bitsFrom: spectrum.bitsFrom,
        participationRatio: computeParticipationRatio(spectrum.eigenvalues),
        sample: spectrum.sample,
      },
    };
    screen.result(shown, () => {
      const { hot, cold, codebook, drift, kernel, textIndex } = stats;
      const coded = cold.bytesPerRow === undefined ? "" : `, ${cold.bytesPerRow} B a code (${cold.codec})`;
      const fit = drift === undefined ? "not known yet" : `${drift.ratio.toFixed(2)} of the error at calibration`;
      const plain = withoutVector > 0 ? `, ${count(withoutVector)} without a vector` : "";
      return [
        strong(path),
        `records    ${count(records)} in ${count(namespaces.length)} ${namespaces.length === 1 ? "namespace" : "namespaces"}${plain}, dim ${stats.dim ?? "not set"}, ${stats.metric}`,
        ...(embedding ? [`embedding  ${embedding.provider}${embedding.model ? ` (${embedding.model})` : ""}`] : []),
        `hot        ${count(hot.rows)} rows, ${bytes(hot.ramBytes)} of RAM, ${bytes(hot.diskBytes)} on disk`,
        `cold       ${count(cold.rows)} rows, ${bytes(cold.ramBytes)} of RAM, ${bytes(cold.diskBytes)} on disk${coded}`,
        `originals  ${stats.originals}`,
        `codebook   ${codebook ? `${bytes(codebook.bytes)}, fitted on ${count(codebook.sampleRows)} rows` : "none yet"}`,
        `drift      ${fit}${drift?.recalibrate ? `: run "thermocline recalibrate ${path}"` : ""}`,
        ...(spectrum ? spectrumLines(spectrum) : []),
        `words      ${textIndex ? wordsOf(textIndex) : "not indexed yet"}`,
        `file       ${bytes(stats.diskBytes)}, format ${stats.formatVersion}`,
        `kernel     ${kernel.backend} (${kernel.isa})`,
        ...namespaces.map((each) => `namespace  ${each.name}: ${count(each.records)} records`),
      ];
    });
  });
}

function wordsOf({ tokenizer, texts }: TextIndexStats): string {
  return texts === undefined ? "the index is damaged" : `${count(texts)} texts indexed (${tokenizer})`;
}

/** Undefined where there are too few vectors to measure, or too long ones. */
async function spectrumOf(store: Thermocline, signal: AbortSignal): Promise<Spectrum | undefined> {
  try {
    return await store.spectrum({ sampleSize: SAMPLE, signal });
  } catch (error) {
    const cannot = error instanceof ThermoclineError && (error.code === "ARGUMENT" || error.code === "UNSUPPORTED");
    if (!cannot) throw error;
    return undefined;
  }
}

function spectrumLines({ eigenvalues, bits, bitsFrom, sample }: Spectrum): string[] {
  const dim = eigenvalues.length;
  const total = eigenvalues.reduce((sum, value) => sum + value, 0);
  if (total === 0) return [];
  let [held, first] = [0, 0];
  while (held < 0.9 * total && first < dim) held += eigenvalues[first++] ?? 0;
  const given = bits?.filter((value) => value > 0).length ?? 0;
  return [
    `spectrum   ${blockLine(heights(eigenvalues))}`,
    `           ${count(first)} of ${count(dim)} coordinates hold 90 % of the variance of ${count(sample)} rows; heights are logarithms`,
    ...(bits
      ? [
          `bits       ${blockLine(bits)}`,
          `           ${count(given)} of ${count(dim)} coordinates ${bitsFrom === "codebook" ? "get bits of a code" : "would get bits of a code"}, ${Math.max(...bits).toFixed(1)} at most`,
        ]
      : []),
  ];
}
