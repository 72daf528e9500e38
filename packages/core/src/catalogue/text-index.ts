import { ThermoclineError } from "../errors.js";
import type { Connection } from "./connection.js";
import type { SqlValue } from "./sqlite.js";

/** How texts are cut into words, and how FTS5 is told. */
export const TOKENIZERS = {
  unicode61: "unicode61 remove_diacritics 2",
  porter: "porter unicode61 remove_diacritics 2",
  trigram: "trigram remove_diacritics 1",
} as const;

export type Tokenizer = keyof typeof TOKENIZERS;

/** The setting that a file has while it has an index of words: the tokenizer's name. */
export const TOKENIZER_SETTING = "tokenizer";

/**
 * The index keeps no texts: it reads those of `records`, by their row, through a view without the records that have none. It
 * is changed in the transactions that change records (`transaction.ts`), by statements of its own: triggers would make SQLite
 * write the index out at every record.
 */
const VIEW = "CREATE VIEW texts AS SELECT row, text FROM records WHERE text IS NOT NULL";

function tableOf(tokenizer: Tokenizer): string {
  return `CREATE VIRTUAL TABLE text_index USING fts5(text, content='texts', content_rowid='row', tokenize='${TOKENIZERS[tokenizer]}')`;
}

/**
 * How FTS5 works: bytes of a page, bytes of RAM before words are written out, and runs of words before some are merged. Merges
 * move 64 pages at a time, so small pages keep each statement short.
 */
const CONFIGURATION = { pgsz: 1_000, hashsize: 200_000, automerge: 8 };

/** The name of a copy of the index in a connection's temporary database. */
const COPY = "copy_of_text_index";

/** Tables that FTS5 keeps of an index whose texts are elsewhere, by the ends of their names. */
const KEPT = ["data", "idx", "docsize", "config"];

/**
 * Statements of which the last fails where an index does not say, word for word, what the texts say. FTS5 compares them only where it may
 * write, so it is given a copy of the index among temporary tables, where any connection may. Temporary they leave the file as it is.
 */
export function comparison(tokenizer: Tokenizer): readonly string[] {
  return [
    `CREATE TEMP VIEW ${COPY}_texts AS SELECT row, text FROM main.records WHERE text IS NOT NULL`,
    `CREATE VIRTUAL TABLE temp.${COPY} USING fts5(text, content='${COPY}_texts', content_rowid='row', tokenize='${TOKENIZERS[tokenizer]}')`,
    ...KEPT.flatMap((end) => [
      `DELETE FROM temp.${COPY}_${end}`,
      `INSERT INTO temp.${COPY}_${end} SELECT * FROM main.text_index_${end}`,
    ]),
    `INSERT INTO temp.${COPY} (${COPY}, rank) VALUES ('integrity-check', 1)`,
  ];
}

/** Refuses an index that does not say what the texts say, on a connection that may only read: some milliseconds a MiB. */
export function compareTexts(connection: Connection, tokenizer: Tokenizer): void {
  const { query_only } = connection.get<{ query_only: number }>("PRAGMA query_only") ?? {};
  connection.exec("PRAGMA query_only = OFF; SAVEPOINT comparison");
  try {
    for (const statement of comparison(tokenizer)) connection.exec(statement);
  } finally {
    connection.exec(`ROLLBACK TO comparison; RELEASE comparison; PRAGMA query_only = ${query_only ?? 0}`);
  }
}

/** How a snippet is cut and marked. */
export interface SnippetStyle {
  readonly tokens: number;
  readonly open: string;
  readonly close: string;
  readonly ellipsis: string;
}

/** A text that has words of a query, and its BM25, higher is better. */
export interface Match {
  readonly row: number;
  readonly score: number;
}

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Definitions that are not, word for word, as they were made; `tokenizer` is what the settings say. */
export function damagedTextIndex(connection: Connection): boolean {
  const sql = `SELECT value FROM settings WHERE key = '${TOKENIZER_SETTING}'`;
  const tokenizer = connection.get<{ value: string }>(sql)?.value;
  if (tokenizer === undefined) return false;
  const found = connection.all<{ sql: string }>("SELECT sql FROM sqlite_schema WHERE name IN ('texts', 'text_index')");
  const texts = new Set(found.map((row) => row.sql));
  // A tokenizer that is none is found by its setting's checksum.
  return !(tokenizer in TOKENIZERS) || !texts.has(VIEW) || !texts.has(tableOf(tokenizer as Tokenizer));
}

/** Whether a finding of SQLite's `integrity_check` is one of FTS5. */
export function isAboutTexts(finding: string): boolean {
  return finding.includes("FTS5 table");
}

/** What a search by words says of an index that cannot be read. */
export function damagedIndex(path: string, cause?: unknown): ThermoclineError {
  const advice =
    "open it without readOnly and call indexTexts, which makes it anew. Searches by vectors do not need it";
  return new ThermoclineError("CORRUPT", `${path}: the index of words is damaged; ${advice}.`, { cause });
}

/** Questions about words, for any connection. */
export const COUNT = "SELECT count(*) AS count FROM (SELECT 1 FROM text_index WHERE text_index MATCH ? LIMIT ?)";

export const SLICE_END = `SELECT max(row) AS row FROM
  (SELECT rowid AS row FROM text_index WHERE text_index MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?)`;

/** A statement for matches, and what is bound in it. */
export function matching(
  match: string,
  after: number,
  last: number,
  namespace: number | undefined,
): readonly [sql: string, parameters: readonly SqlValue[]] {
  const where = "text_index MATCH ? AND text_index.rowid > ? AND text_index.rowid <= ?";
  const columns = "text_index.rowid AS row, -bm25(text_index) AS score";
  if (namespace === undefined) {
    return [`SELECT ${columns} FROM text_index WHERE ${where}`, [match, after, last]];
  }
  // A cross join, in SQLite, is done in the order in which it is written.
  const sql = `SELECT ${columns} FROM text_index CROSS JOIN records ON records.row = text_index.rowid
               WHERE ${where} AND records.namespace = ?`;
  return [sql, [match, after, last, namespace]];
}

/** The words of all texts, in SQLite's FTS5. Whether there is an index is for the caller to know. */
export class TextIndex {
  readonly #connection: Connection;
  #isDamaged = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether it is known to be damaged. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** From now on all questions are refused. */
  refuse(): void {
    this.#isDamaged = true;
  }

  get path(): string {
    return this.#connection.path;
  }

  /** Makes an empty index, in the place of the one there is. */
  create(tokenizer: Tokenizer): void {
    this.#connection.exec("DROP TABLE IF EXISTS text_index; DROP VIEW IF EXISTS texts;");
    this.#connection.exec(`${VIEW}; ${tableOf(tokenizer)};`);
    for (const [name, value] of Object.entries(CONFIGURATION)) {
      this.#connection.exec(`INSERT INTO text_index (text_index, rank) VALUES ('${name}', ${value})`);
    }
  }

  /** Takes in the text of a record, as it is stored. */
  add(row: number, text: string | Uint8Array): void {
    this.#connection.run("INSERT INTO text_index (rowid, text) VALUES (?, ?)", row, text);
  }

  /** Forgets the text of a record, which must be what was added. */
  remove(row: number, text: string | Uint8Array): void {
    this.#connection.run("INSERT INTO text_index (text_index, rowid, text) VALUES ('delete', ?, ?)", row, text);
  }

  /** How many texts it holds; undefined where it is damaged. */
  size(): number | undefined {
    if (this.#isDamaged) return undefined;
    // FTS5's own record of averages, which begins with the number of texts.
    const sql = "SELECT block FROM text_index_data WHERE id = 1";
    try {
      return varint(this.#connection.get<{ block: Uint8Array }>(sql)?.block ?? new Uint8Array());
    } catch (cause) {
      if (!(cause instanceof ThermoclineError) || cause.code !== "CORRUPT") throw cause;
      return undefined;
    }
  }

  /** How many texts match, counted up to `most`. */
  count(match: string, most: number): number {
    return this.#ask(() => this.#connection.get<{ count: number }>(COUNT, match, most)?.count ?? 0);
  }

  /** The last of the first `size` rows after `after` that match; undefined when none does. */
  sliceEnd(match: string, after: number, size: number): number | undefined {
    return this.#ask(
      () => this.#connection.get<{ row: number | null }>(SLICE_END, match, after, size)?.row ?? undefined,
    );
  }

  /** Rows after `after`, up to `last`, that match; of one namespace, or of all. FTS5 says how rare words are in all of them. */
  matches(match: string, after: number, last: number, namespace: number | undefined): Match[] {
    const [sql, parameters] = matching(match, after, last, namespace);
    return this.#ask(() => this.#connection.all(sql, ...parameters));
  }

  /** The part of a row's text that shows most of what matches; undefined where nothing does. */
  snippet(match: string, row: number, { tokens, open, close, ellipsis }: SnippetStyle): string | undefined {
    // As a blob, because the driver ends text at U+0000.
    const sql = `SELECT CAST(snippet(text_index, 0, ?, ?, ?, ?) AS BLOB) AS snippet FROM text_index
                 WHERE text_index MATCH ? AND rowid = ?`;
    const found = this.#ask(() =>
      this.#connection.get<{ snippet: Uint8Array }>(sql, open, close, ellipsis, tokens, match, row),
    );
    return found && UTF8.decode(found.snippet);
  }

  /** What a question of words is answered. Nothing is lost with a damaged index, so then the advice is another than for a damaged file. */
  #ask<T>(question: () => T): T {
    if (this.#isDamaged) throw damagedIndex(this.#connection.path);
    try {
      return question();
    } catch (cause) {
      if (!(cause instanceof ThermoclineError) || cause.code !== "CORRUPT") throw cause;
      throw damagedIndex(this.#connection.path, cause);
    }
  }

  /** Refuses an index that does not say what the texts say. Needs the right to write, though it writes nothing. */
  check(): void {
    this.#connection.exec("INSERT INTO text_index (text_index, rank) VALUES ('integrity-check', 1)");
  }
}

/** The number that bytes begin with, as SQLite writes it: seven bits a byte, the highest first, and another byte follows where the eighth is set. */
function varint(bytes: Uint8Array): number {
  let number = 0;
  for (const byte of bytes) {
    number = number * 128 + (byte & 127);
    if (byte < 128) break;
  }
  return number;
}
