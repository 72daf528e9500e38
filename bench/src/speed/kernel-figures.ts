import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { root } from "../../../scripts/files.mjs";
import { ask, onPath } from "../../../scripts/run.mjs";
import { ensureRust } from "../../../scripts/toolchain.mjs";

/** The scan alone, by one instruction set, over codes of one size: a line of the example `scan` of the kernel's crate. */
export interface ScanFigures {
  readonly isa: string;
  readonly rows: number;
  readonly bytes: number;
  /** Whether the rest of a row's code is only read where its first part promises something. */
  readonly progressive: boolean;
  /** The share of the rows that a filter leaves. */
  readonly allow: number;
  /** Of a whole query, its tables with it. */
  readonly microsPerQuery: number;
  /** Without the tables. */
  readonly nsPerRow: number;
  /** What one thread reads from memory, in 10⁹ bytes a second. */
  readonly readGBPerSecond: number;
  /** Null where the rows are filtered. */
  readonly overlapExact: number | null;
  /** Counted, not timed: what regressions are judged by. Null where nothing here can count them. */
  readonly instructionsPerRow: number | null;
}

const NATIVE = path.join(root, "native");
const ROWS = 1_000_000;
const BYTES = [24, 48];

/** Valgrind knows no wider instructions. */
const COUNTABLE = ["portable", "avx2", "neon"];
const COUNTED_BYTES = 48;
/** Scans of different length, asked different numbers of times: of the differences, what grows with both is the scan. */
const COUNTED_ROWS = [65_536, 131_072] as const;
const COUNTED_REPEATS = [1, 3] as const;
const COUNTED_QUERIES = 4;
/** The example scans once before each scan that it times. */
const SCANS = 2;

/**
 * Measures the scan of every instruction set of this machine, one thread, with what it needs kept under `cache`; nothing where
 * the example is not there or does not build.
 */
export async function kernelFigures(cache: string, onStep: (text: string) => void): Promise<ScanFigures[]> {
  if (!existsSync(path.join(NATIVE, "kernel/examples/scan.rs"))) return [];
  await ensureRust();
  onStep("building the example scan");
  const built = ask("cargo", ["build", "--release", "--quiet", "--example", "scan"], { cwd: NATIVE });
  if (built === undefined) return [];
  const folder = path.join(cache, "scan");
  await mkdir(folder, { recursive: true });
  const figures: ScanFigures[] = [];
  for (const bytes of BYTES) {
    onStep(`scanning ${ROWS} rows of ${bytes} B by each instruction set`);
    figures.push(...parse(ask(PROGRAM, ["--json", "--exact", ...order({ rows: ROWS, bytes, folder })])));
  }
  return figures.map((row) => {
    const { isa, bytes, progressive, allow } = row;
    const counts = bytes === COUNTED_BYTES && !progressive && allow === 1 && COUNTABLE.includes(isa);
    if (!counts || !onPath("valgrind")) return { ...row, instructionsPerRow: row.instructionsPerRow ?? null };
    onStep(`counting the instructions of ${isa}`);
    return { ...row, instructionsPerRow: instructionsPerRow(isa, bytes, folder) };
  });
}

const PROGRAM = path.join(NATIVE, "target/release/examples/scan");

function order({ rows, bytes, folder }: { rows: number; bytes: number; folder: string }): string[] {
  return ["--rows", String(rows), "--bytes", String(bytes), "--cache", folder];
}

function parse(printed: string | undefined): ScanFigures[] {
  return (printed ?? "")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): ScanFigures => JSON.parse(line));
}

function instructionsPerRow(isa: string, bytes: number, folder: string): number | null {
  const [few, many] = COUNTED_ROWS.map((rows) => {
    const options = [...order({ rows, bytes, folder }), "--isa", isa, "--kinds", "whole", "--json"];
    // Once without Valgrind, which makes codes and codebook; more than one line is more than the one scan to be counted.
    if (parse(ask(PROGRAM, [...options, "--repeats", "1"])).length !== 1) return Number.NaN;
    const [once, often] = COUNTED_REPEATS.map((repeats) => {
      const asked = ["--asked", String(COUNTED_QUERIES), "--repeats", String(repeats)];
      const tool = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-fd=1"];
      const printed = ask("valgrind", [...tool, PROGRAM, ...options, ...asked]);
      return Number(printed?.match(/Collected : (\d+)/)?.[1]);
    });
    return Number(often) - Number(once);
  });
  const scans = SCANS * COUNTED_QUERIES * (COUNTED_REPEATS[1] - COUNTED_REPEATS[0]);
  const perRow = (Number(many) - Number(few)) / (scans * (COUNTED_ROWS[1] - COUNTED_ROWS[0]));
  return Number.isFinite(perRow) ? Number(perRow.toFixed(2)) : null;
}
