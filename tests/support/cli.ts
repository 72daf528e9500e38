import { run } from "../../packages/cli/src/program.js";

export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What a command line prints, and its exit code. It runs in this process, so one at a time. */
export async function cli(...args: readonly string[]): Promise<Printed> {
  let [out, err] = ["", ""];
  const taking = (stream: NodeJS.WriteStream, take: (text: string) => void) => {
    const { write } = stream;
    stream.write = (text: unknown) => {
      take(String(text));
      return true;
    };
    return () => {
      stream.write = write;
    };
  };
  const giveBack = [
    taking(process.stdout, (text) => {
      out += text;
    }),
    taking(process.stderr, (text) => {
      err += text;
    }),
  ];
  try {
    return { code: await run(args), out, err };
  } finally {
    for (const back of giveBack) back();
  }
}

/** What a command line prints with `--json`: one line, and nothing on stderr. */
export async function cliJson<Value = Record<string, unknown>>(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly value: Value }> {
  const { code, out, err } = await cli(...args, "--json");
  const lines = out.trim().split("\n");
  if (err !== "" || lines.length !== 1) throw new Error(`not one line of JSON, but:\n${out}\n${err}`);
  return { code, value: JSON.parse(out) as Value };
}
