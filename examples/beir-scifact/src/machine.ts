import { execFile } from "node:child_process";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { StoreStats } from "@thermocline/core";

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  readonly arch: string;
  readonly node: string;
  /** The numeric kernel that ran; null when no row used one. */
  readonly kernel: StoreStats["kernel"] | null;
  /** The commit of the checkout, with `-dirty` when it has changes; null outside a git checkout. */
  readonly commit: string | null;
}

/** Describes this machine. */
export async function describeMachine(kernel: Machine["kernel"]): Promise<Machine> {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? "unknown",
    cores: cpus.length,
    memoryBytes: os.totalmem(),
    os: `${os.type()} ${os.release()}`,
    arch: os.arch(),
    node: process.versions.node,
    kernel,
    commit: await currentCommit(),
  };
}

async function currentCommit(): Promise<string | null> {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const command = ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"];
  return promisify(execFile)("git", command, { cwd }).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
}
