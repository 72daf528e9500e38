import type { CodecSpec } from "../../../packages/core/src/kernel/kernel.js";
import { UsageError } from "../usage-error.js";

/** Every collection, in the order in which they are measured. */
export const DATASETS = ["scifact", "wordnet", "synthetic-768", "synthetic-1536"] as const;

export type DatasetName = (typeof DATASETS)[number];

/** One measurement as data. */
export interface QualityCase {
  readonly dataset: DatasetName;
  /** Null: exact scores of float32 rows, the reference. */
  readonly codec: CodecSpec["codec"] | null;
  readonly scoring: "asymmetric" | "symmetric" | null;
  /** Of a coded row. */
  readonly bytes: number;
  /** How many documents the codebook is fitted on, taken evenly; null for all of them. */
  readonly sampleRows: number | null;
  /** How long the fit may take; null for the codec's default. */
  readonly effort: "fast" | null;
}

const SMALL_SAMPLE = 1_024;
const WORDNET_SAMPLE = 20_000;
const DIM = 384;

type Difference = Partial<Pick<QualityCase, "sampleRows" | "effort">>;

function eigen(dataset: DatasetName, bytes: readonly number[], difference: Difference = {}): QualityCase[] {
  return bytes.map((size) => ({
    dataset,
    codec: "eigen",
    scoring: "asymmetric",
    bytes: size,
    sampleRows: null,
    effort: null,
    ...difference,
  }));
}

function fourier(dataset: DatasetName, scoring: QualityCase["scoring"]): QualityCase[] {
  return [24, 96, 192].map((bytes) => ({ dataset, codec: "fourier", scoring, bytes, sampleRows: null, effort: null }));
}

const SIZES = [16, 24, 32, 48, 96, 192];

/** What `npm run bench -- quality` measures. */
export const CASES: readonly QualityCase[] = [
  { dataset: "scifact", codec: null, scoring: null, bytes: 4 * DIM, sampleRows: null, effort: null },
  ...eigen("scifact", SIZES),
  ...eigen("scifact", SIZES, { sampleRows: SMALL_SAMPLE }),
  ...eigen("scifact", SIZES, { effort: "fast" }),
  ...fourier("scifact", "symmetric"),
  ...fourier("scifact", "asymmetric"),
  ...eigen("wordnet", SIZES, { sampleRows: WORDNET_SAMPLE }),
  // No Fourier codes here: the generator's coordinates are not rotated, which is all the same to the eigen codec only.
  ...eigen("synthetic-768", [24, 48, 96, 192]),
  ...eigen("synthetic-1536", [24, 48, 96, 192]),
];

/** A case's name, one of a kind within its data set. */
export function caseName({ codec, scoring, bytes, sampleRows, effort }: QualityCase): string {
  if (codec === null) return "brute force float32";
  if (codec === "fourier") return `Fourier ${bytes} B ${scoring}`;
  return [`eigen ${bytes} B`, effort, sampleRows && `fitted on ${sampleRows} rows`].filter(Boolean).join(" ");
}

/** What to leave out; an absent field leaves nothing out. */
export interface Selection {
  /** What a name contains, in any case. */
  readonly only?: string | undefined;
  readonly datasets?: readonly string[] | undefined;
  readonly bytes?: readonly number[] | undefined;
}

/** The cases that a selection leaves; throws UsageError where that is none. */
export function selectCases({ only, datasets, bytes }: Selection): QualityCase[] {
  const unknown = datasets?.find((name) => !DATASETS.some((dataset) => dataset === name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no data set "${unknown}"; there are ${DATASETS.join(", ")}.`);
  }
  const chosen = CASES.filter(
    (test) =>
      caseName(test)
        .toLowerCase()
        .includes((only ?? "").toLowerCase()) &&
      (datasets?.includes(test.dataset) ?? true) &&
      (bytes?.includes(test.bytes) ?? true),
  );
  if (chosen.length > 0) return chosen;
  const names = [...new Set(CASES.map(caseName))].join("; ");
  throw new UsageError(`No case is selected. The names are: ${names}.`);
}
