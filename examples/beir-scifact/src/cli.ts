import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Contender } from "./contenders/contender.js";
import { lineUp } from "./contenders/line-up.js";
import { precomputedEmbeddings, prepareCorpus } from "./corpus.js";
import { loadDataset } from "./dataset.js";
import { type JobStep, runJob } from "./job.js";
import { describeMachine } from "./machine.js";
import type { Measurement } from "./measure.js";
import { HELP, type Options, parseOptions, UsageError } from "./options.js";
import { renderRateDistortion } from "./plot/rate-distortion.js";
import { bar, Progress, type ProgressStream } from "./progress.js";
import { formatNumber } from "./report/table.js";
import { renderHeading, renderResults, renderSamples } from "./report/text.js";
import { askSamples } from "./samples.js";

/** The plot that the READMEs show. */
export const PLOT_FILE = fileURLToPath(new URL("../rate-distortion.svg", import.meta.url));

/** Where the command writes and what may stop it; tests pass their own. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressStream;
  readonly signal?: AbortSignal | undefined;
}

/** Runs the command and returns its exit code: 0, 1 for a failed run, 2 for a wrong command line, 130 when stopped. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const progress = new Progress(terminal.stderr);
  try {
    const options = parseOptions(args);
    if (options.help) terminal.stdout.write(HELP);
    else await demonstrate(options, terminal, progress);
    return 0;
  } catch (error) {
    if (terminal.signal?.aborted) {
      progress.line("stopped");
      return 130;
    }
    if (error instanceof UsageError) {
      progress.line(`${error.message}\nSee --help.`);
      return 2;
    }
    progress.line(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }
}

async function demonstrate(options: Options, { stdout, signal }: Terminal, progress: Progress): Promise<void> {
  progress.update("reading the data");
  const corpus = prepareCorpus(await loadDataset());
  const embeddings = precomputedEmbeddings(corpus);
  const contenders = select(lineUp(embeddings, corpus.dim, options.seed), options.only);
  const asked = { ...corpus, questions: corpus.questions.slice(0, options.queries) };
  progress.update("asking three sample questions");
  const samples = options.json || options.only ? undefined : await askSamples(corpus, embeddings);

  const measurements = await runJob(asked, contenders, {
    keep: options.keep,
    signal,
    onStep: (step) => progress.update(describeStep(step)),
    onMeasurement: (measurement) => progress.milestone(describeMeasurement(measurement)),
  });
  progress.clear();
  const rows = measurements.map(({ row }) => row);
  const machine = await describeMachine(
    measurements.find(({ footprint }) => footprint.kernel)?.footprint.kernel ?? null,
  );

  if (options.json) {
    stdout.write(`${JSON.stringify({ machine, rows })}\n`);
  } else {
    stdout.write(`\n${renderHeading(asked, machine)}\n`);
    if (samples) stdout.write(`${renderSamples(samples)}\n`);
    stdout.write(renderResults(measurements));
  }
  const plot = options.plot ?? (isStandard(options) ? PLOT_FILE : undefined);
  if (!plot) return;
  await writeFile(plot, renderRateDistortion(rows));
  progress.line(`The rate-distortion plot is in ${path.relative(process.cwd(), plot)}`);
}

function select(contenders: readonly Contender[], only: string | undefined): readonly Contender[] {
  if (only === undefined) return contenders;
  const chosen = contenders.filter(({ setting }) => setting.name.toLowerCase().includes(only.toLowerCase()));
  if (chosen.length > 0) return chosen;
  const names = contenders.map(({ setting }) => `  ${setting.name}`).join("\n");
  throw new UsageError(`no row's name contains "${only}". The rows are:\n${names}`);
}

/** Whether the run measures everything as published: a part of it must not replace the plot in the README. */
function isStandard({ only, queries, seed }: Options): boolean {
  return only === undefined && queries === undefined && seed === 0;
}

function describeStep({ name, position, contenders, phase, done, total }: JobStep): string {
  const verb = { add: "adding", settle: "fitting and coding", ask: "asking" }[phase];
  const count = phase === "settle" ? "" : ` ${formatNumber(done)} of ${formatNumber(total)}`;
  return `${bar(position - 1, contenders, contenders)}  ${name}: ${verb}${count}`;
}

function describeMeasurement({ row }: Measurement): string {
  return `${row.name}: nDCG@10 ${formatNumber(row.ndcg10, 4)}, ${formatNumber(row.msPerQuery, 3)} ms a query`;
}
