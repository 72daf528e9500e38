import { type ErrorCode, ThermoclineError } from "@thermocline/core";

/** What a process ends with; `--help` and the README list them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  damaged: 3,
  refused: 4,
  locked: 5,
  /** As shells say of a process that SIGINT ended. */
  interrupted: 130,
} as const;

const exits: Partial<Record<ErrorCode, number>> = {
  ARGUMENT: EXIT.usage,
  DIMENSION: EXIT.usage,
  NOT_FINITE: EXIT.usage,
  ZERO_VECTOR: EXIT.usage,
  FILTER: EXIT.usage,
  CORRUPT: EXIT.damaged,
  FORMAT: EXIT.refused,
  VERSION: EXIT.refused,
  UNSUPPORTED: EXIT.refused,
  LOCKED: EXIT.locked,
  ABORTED: EXIT.interrupted,
};

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
}

/** An error as it is told: one sentence, and the exit code it ends with. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ThermoclineError) {
    const message =
      error.code === "ABORTED" ? "Interrupted; what was written by then is whole and stays." : error.message;
    return { code: error.code, message, exit: exits[error.code] ?? EXIT.failed };
  }
  if (error instanceof Error) {
    if (error.name === "AbortError") return failureOf(new ThermoclineError("ABORTED", error.message));
    const { code = "UNKNOWN" } = error as NodeJS.ErrnoException;
    return { code, message: error.message, exit: EXIT.failed };
  }
  return { code: "UNKNOWN", message: String(error), exit: EXIT.failed };
}

/** Wrong use of a command. */
export function misuse(message: string): never {
  throw new ThermoclineError("ARGUMENT", message);
}
