import type { Screen } from "../screen.js";
import { bytes, count, strong } from "../screen.js";
import { withStore } from "../stored.js";

/** What a store holds and costs. */
export async function info(path: string, screen: Screen): Promise<void> {
  await withStore(path, { readOnly: true }, async (store) => {
    const stats = store.stats();
    const namespaces = await store.namespaces();
    screen.result({ path, ...stats, namespaces: stats.namespaces, namespaceList: namespaces }, () => {
      const { hot, cold, codebook, drift, kernel } = stats;
      const coded = cold.bytesPerRow === undefined ? "" : `, ${cold.bytesPerRow} B a code (${cold.codec})`;
      const fit = drift === undefined ? "not known yet" : `${drift.ratio.toFixed(2)} of the error at calibration`;
      return [
        strong(path),
        `records    ${count(stats.records)} in ${count(stats.namespaces)} namespaces, dim ${stats.dim ?? "not set"}, ${stats.metric}`,
        `hot        ${count(hot.rows)} rows, ${bytes(hot.ramBytes)} of RAM, ${bytes(hot.diskBytes)} on disk`,
        `cold       ${count(cold.rows)} rows, ${bytes(cold.ramBytes)} of RAM, ${bytes(cold.diskBytes)} on disk${coded}`,
        `originals  ${stats.originals}`,
        `codebook   ${codebook ? `${bytes(codebook.bytes)}, fitted on ${count(codebook.sampleRows)} rows` : "none yet"}`,
        `drift      ${fit}${drift?.recalibrate ? ": recalibrate" : ""}`,
        `file       ${bytes(stats.diskBytes)}`,
        `kernel     ${kernel.backend} (${kernel.isa})`,
        ...namespaces.map(({ name, records }) => `namespace  ${name}: ${count(records)} records`),
      ];
    });
  });
}
