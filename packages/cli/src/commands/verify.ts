import { Thermocline, type VerifyProblem } from "@thermocline/core";
import { EXIT } from "../failure.js";
import { bytes, count, type Screen, strong } from "../screen.js";

/** Problems of a kind that are shown; one cause may have thousands of consequences. */
const SHOWN = 5;

/** What each kind of damage is called, one of it and several. */
const NAMES: Readonly<Record<VerifyProblem["what"], readonly [one: string, several: string]>> = {
  file: ["fault of the file's structure", "faults of the file's structure"],
  table: ["table", "tables"],
  settings: ["setting", "settings"],
  namespace: ["namespace", "namespaces"],
  record: ["record", "records"],
  codebook: ["codebook", "codebooks"],
  block: ["code block", "code blocks"],
  original: ["original", "originals"],
  placement: ["place of a row", "places of rows"],
  pin: ["pin", "pins"],
  index: ["index", "indexes"],
  texts: ["index of words", "indexes of words"],
};

/** Reads a whole file; what is damaged makes the exit code 3. */
export async function verify(path: string, screen: Screen, signal: AbortSignal): Promise<number> {
  const report = await Thermocline.verify(path, {
    signal,
    onProgress: ({ done, total }) => screen.progress("verify", done, total),
  });
  const damaged: Partial<Record<VerifyProblem["what"], number>> = {};
  for (const { what } of report.problems) damaged[what] = (damaged[what] ?? 0) + 1;
  screen.result({ path, ...report, ...(report.ok ? {} : { damaged }) }, () => {
    const { records, namespaces, codebooks, blocks, originals, problems, problemCount } = report;
    const parts = [
      `${count(records)} records`,
      `${count(namespaces)} namespaces`,
      `${count(codebooks)} codebooks`,
      `${count(blocks)} code blocks`,
      `${count(originals)} originals`,
    ];
    const { textIndex } = report;
    const unknown = textIndex && !textIndex.compared;
    const whole = [
      `Whole: ${parts.join(", ")} (${bytes(report.bytes)}).`,
      ...(unknown ? [`The index of words was not compared with the texts: ${textIndex.reason}`] : []),
    ];
    if (report.ok) return [`${strong(path)} is whole.`, ...whole];
    const kinds = (Object.keys(damaged) as VerifyProblem["what"][]).map((what) => {
      const times = damaged[what] ?? 0;
      return `${count(times)} ${NAMES[what][times === 1 ? 0 : 1]}`;
    });
    const beyond = problemCount > problems.length ? ` and ${count(problemCount - problems.length)} more` : "";
    return [
      `${strong(path)} is damaged: ${kinds.join(", ")}${beyond}.`,
      ...problemLines(problems),
      ...whole,
      "What is damaged cannot be made whole from the file itself: restore a backup, or import its source again.",
    ];
  });
  return report.ok ? EXIT.done : EXIT.damaged;
}

/** The first problems of each kind, and how many more there are. */
function problemLines(problems: readonly VerifyProblem[]): string[] {
  const kinds = new Map<string, VerifyProblem[]>();
  for (const problem of problems) {
    const kind = kinds.get(`${problem.what} ${problem.table}`);
    if (kind) kind.push(problem);
    else kinds.set(`${problem.what} ${problem.table}`, [problem]);
  }
  return [...kinds.values()].flatMap((kind) => [
    ...kind.slice(0, SHOWN).map(({ what, message }) => `  ${what}: ${message}`),
    ...(kind.length > SHOWN
      ? [`  and ${count(kind.length - SHOWN)} more of these; --json gives up to 1,000 in all`]
      : []),
  ]);
}
