import { existsSync } from "node:fs";
import path from "node:path";
import { root } from "../../../scripts/files.mjs";
import { ask, onPath } from "../../../scripts/run.mjs";
import { ensureRust } from "../../../scripts/toolchain.mjs";

/** The scan alone, on one thread, by the example `scan` of the kernel's crate. */
export interface KernelFigures {
  /** What one thread reads from memory, in 10⁹ bytes a second. */
  readonly bandwidthGBps: number;
  readonly rows: readonly ScanFigures[];
}

/** One instruction set's scan of codes of one size. */
export interface ScanFigures {
  readonly isa: string;
  readonly bytes: number;
  readonly progressive: boolean;
  readonly nsPerRow: number;
  /** Counted, not timed: what regressions are judged by. Null where nothing here can count them. */
  readonly instructionsPerRow: number | null;
}

const NATIVE = path.join(root, "native");
const EXAMPLE = ["--release", "--quiet", "-p", "thermocline-kernel", "--example", "scan"];
/** Two scans of different lengths: what is left of their difference is the scan. */
const COUNTED_ROWS = [65_536, 131_072] as const;
/** Valgrind knows no wider instructions. */
const COUNTABLE = ["portable", "sse", "avx2", "neon"];

/** Measures the scan of every instruction set of this machine; null where the example is not there or does not build. */
export async function kernelFigures(onStep: (text: string) => void): Promise<KernelFigures | null> {
  if (!existsSync(path.join(NATIVE, "kernel/examples/scan.rs"))) return null;
  await ensureRust();
  onStep("measuring the scan of each instruction set");
  const printed = ask("cargo", ["run", ...EXAMPLE, "--", "--json"], { cwd: NATIVE });
  if (printed === undefined) return null;
  const { bandwidthGBps, rows }: KernelFigures = JSON.parse(printed);
  const program = path.join(NATIVE, "target/release/examples/scan");
  return {
    bandwidthGBps,
    rows: rows.map((row) => {
      onStep(`counting the instructions of ${row.isa}, ${row.bytes} B`);
      const countable = row.progressive === false && COUNTABLE.includes(row.isa) && onPath("valgrind");
      return { ...row, instructionsPerRow: countable ? counted(program, row) : (row.instructionsPerRow ?? null) };
    }),
  };
}

function counted(program: string, { isa, bytes }: ScanFigures): number | null {
  const [few, many] = COUNTED_ROWS.map((rows) => {
    const tool = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-fd=1"];
    const order = ["--once", "--isa", isa, "--bytes", String(bytes), "--rows", String(rows)];
    return Number(ask("valgrind", [...tool, program, ...order])?.match(/Collected : (\d+)/)?.[1]);
  });
  const perRow = (Number(many) - Number(few)) / (COUNTED_ROWS[1] - COUNTED_ROWS[0]);
  return Number.isFinite(perRow) ? Number(perRow.toFixed(2)) : null;
}
