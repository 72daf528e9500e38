import { TOKENIZERS, type Tokenizer } from "../catalogue/text-index.js";
import type { Transaction } from "../catalogue/transaction.js";
import { ThermoclineError } from "../errors.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { IndexTextsOptions, Progress } from "../types.js";
import type { Engine } from "./engine.js";
import { oneOf } from "./settings.js";

/** Records read at a time. */
const PAGE = 128;

/** What a search for words rejects with where there is no index of words yet; never seen by callers of the store. */
export class NoTextIndex extends Error {}

/**
 * Runs a read that may look for words. The index of words is made when the first one does, so that stores that are never
 * searched by words need not write it: that would take longer than all else that an upsert writes.
 */
export async function withTextIndex<T>(
  engine: Engine,
  signal: AbortSignal | undefined,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof NoTextIndex)) throw error;
  }
  if (engine.catalogue.isReadOnly) {
    throw new ThermoclineError(
      "UNSUPPORTED",
      "This store has no index of words, and was opened with readOnly; open it without, and call indexTexts.",
    );
  }
  await engine.catalogue.write(async (transaction) => {
    // Another query, or process, may have been first.
    if (transaction.tokenizer() === undefined) await build(transaction, "unicode61", signal, undefined);
  });
  return read();
}

/** Makes the index of words anew from all records, in one transaction, and returns how many texts it holds. */
export async function indexTexts(engine: Engine, options: IndexTextsOptions): Promise<number> {
  const { signal, onProgress } = options;
  const given = options.tokenizer === undefined ? undefined : oneOf("tokenizer", options.tokenizer, NAMES);
  throwIfAborted(signal);
  return engine.catalogue.write((transaction) =>
    build(transaction, given ?? transaction.tokenizer() ?? "unicode61", signal, onProgress),
  );
}

/**
 * Makes the index of words of a small file anew if it does not say what the records say, as nothing is lost with it. A file that
 * cannot be written now is left as it is: FTS5 examines an index only in a transaction that may write. One that is only to be read
 * answers no words then.
 */
export async function repairTextIndex(engine: Engine): Promise<void> {
  const { catalogue } = engine;
  catalogue.refuseDamagedTexts();
  if (catalogue.isReadOnly || !catalogue.isSmall || catalogue.reader.tokenizer() === undefined) return;
  try {
    await catalogue.write(async (transaction) => {
      const tokenizer = transaction.tokenizer();
      if (tokenizer === undefined) return;
      try {
        transaction.texts.check();
      } catch (error) {
        if (!isOf(error, "CORRUPT")) throw error;
        await build(transaction, tokenizer, undefined, undefined);
      }
    });
  } catch (error) {
    if (!isOf(error, "LOCKED") && !isOf(error, "IO")) throw error;
  }
}

function isOf(error: unknown, code: ThermoclineError["code"]): boolean {
  return error instanceof ThermoclineError && error.code === code;
}

const NAMES = Object.keys(TOKENIZERS) as Tokenizer[];

async function build(
  transaction: Transaction,
  tokenizer: Tokenizer,
  signal: AbortSignal | undefined,
  onProgress: IndexTextsOptions["onProgress"],
): Promise<number> {
  const pace = new Pace(signal);
  throwIfAborted(signal);
  transaction.createTextIndex(tokenizer);
  const total = transaction.total();
  let texts = 0;
  let last = 0;
  let rows = transaction.rowsWithText(0, PAGE);
  while (rows.length > 0) {
    // In a damaged file rows may follow each other in a circle.
    if ((rows[0] ?? 0) <= last) throw new ThermoclineError("CORRUPT", "The records are damaged. Restore a backup.");
    const records = transaction.records(rows);
    for (const row of rows) {
      const record = records.get(row);
      if (!record) throw new ThermoclineError("CORRUPT", `Record ${row} is missing. Restore a backup.`);
      transaction.indexText(row, record.text);
      texts += 1;
      if (pace.due) {
        onProgress?.({ phase: "index", done: texts, total } satisfies Progress);
        await pace.pause();
      }
    }
    last = rows.at(-1) ?? last;
    rows = transaction.rowsWithText(last, PAGE);
  }
  // While it can still be undone: what the callback throws rejects the call.
  onProgress?.({ phase: "index", done: total, total } satisfies Progress);
  return texts;
}
