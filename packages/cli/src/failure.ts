import { type ErrorCode, ThermoclineError } from "@thermocline/core";

/** What a process ends with. */
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

/** What each of them means, for `--help` and the README. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "done",
  failed: "failed: no such file, no space, a service that does not answer, a bug",
  usage: "wrong use: an argument, a filter, a line of a file, a vector of another length",
  damaged: "damage was found",
  refused: "a file of another kind or a newer version, or something that this store or this installation cannot do",
  locked: "another process holds the file",
  interrupted: "interrupted; what was written by then is whole",
};

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

/** An interruption of which a command has more to say: what there is by then, and how to go on. */
export class Interrupted extends ThermoclineError {
  constructor(message: string) {
    super("ABORTED", message);
  }
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
}

/** An error as it is told: one sentence, and the exit code it ends with. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ThermoclineError) {
    const generic = error.code === "ABORTED" && !(error instanceof Interrupted);
    const message = generic ? "Interrupted; what was written by then is whole and stays." : error.message;
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
