import { Thermocline } from "@thermocline/core";
import { EXIT } from "../failure.js";
import { bytes, count, type Screen } from "../screen.js";

const SHOWN = 20;

/** Reads a whole file; what is damaged makes the exit code 3. */
export async function verify(path: string, screen: Screen, signal: AbortSignal): Promise<number> {
  const report = await Thermocline.verify(path, {
    signal,
    onProgress: ({ done, total }) => screen.progress("verify", done, total),
  });
  screen.result({ path, ...report }, () => {
    const { records, namespaces, codebooks, blocks, originals, problems, problemCount } = report;
    const parts = [
      `${count(records)} records`,
      `${count(namespaces)} namespaces`,
      `${count(codebooks)} codebooks`,
      `${count(blocks)} code blocks`,
      `${count(originals)} originals`,
    ];
    const whole = `Whole: ${parts.join(", ")} (${bytes(report.bytes)}).`;
    if (report.ok) return [`${path} is whole.`, whole];
    const more = problemCount - Math.min(problems.length, SHOWN);
    return [
      `${path} is damaged: ${count(problemCount)} problems.`,
      ...problems.slice(0, SHOWN).map(({ what, message }) => `  ${what}: ${message}`),
      ...(more > 0 ? [`  and ${count(more)} more; --json gives up to 1,000`] : []),
      whole,
    ];
  });
  return report.ok ? EXIT.done : EXIT.damaged;
}
