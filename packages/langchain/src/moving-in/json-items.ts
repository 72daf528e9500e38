import type { SourceFile } from "../directory.js";
import { type Reading, refuse } from "./source.js";

/** A value inside a JSON file and the keys and places that lead to it. */
export interface JsonItem {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];
const END = -1;

/**
 * The values that lie `depth` levels deep in a JSON file (those less deep, where they are no container), one after the other, so
 * that neither the file's text nor all of its values are in RAM at a time, and no parse takes longer than a value's.
 */
export async function* jsonItems(
  file: SourceFile,
  depth: number,
  reading: Reading,
): AsyncGenerator<JsonItem, void, undefined> {
  const text = new JsonText(file, reading);
  yield* itemsOf(text, depth, []);
  if ((await text.next()) !== END) text.fail("something after its end");
}

async function* itemsOf(
  text: JsonText,
  depth: number,
  path: readonly (string | number)[],
): AsyncGenerator<JsonItem, void, undefined> {
  const opening = await text.next();
  if (depth === 0 || (opening !== ARRAY && opening !== OBJECT)) {
    yield { path, value: await text.value() };
    return;
  }
  const closing = opening === ARRAY ? ARRAY_END : OBJECT_END;
  text.skip();
  if ((await text.next()) === closing) return text.skip();
  for (let place = 0; ; place++) {
    yield* itemsOf(text, depth - 1, [...path, opening === ARRAY ? place : await text.key()]);
    const separator = await text.next();
    if (separator !== COMMA && separator !== closing) text.fail("no comma where one belongs");
    text.skip();
    if (separator === closing) return;
  }
}

/** A place in a JSON file, which moves forward. */
class JsonText {
  readonly #file: SourceFile;
  readonly #reading: Reading;
  readonly #chunks: AsyncGenerator<Uint8Array, void, undefined>;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Where the chunk begins in the file. */
  #offset = 0;

  constructor(file: SourceFile, reading: Reading) {
    this.#file = file;
    this.#reading = reading;
    this.#chunks = reading.chunks(file);
  }

  /** The next byte that is no white space, which stays the next one. */
  async next(): Promise<number> {
    do {
      for (; this.#at < this.#chunk.length; this.#at++) {
        const byte = this.#chunk[this.#at] ?? END;
        if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d || byte === 0x0b || byte === 0x0c)) return byte;
      }
    } while (await this.#more());
    return END;
  }

  skip(): void {
    this.#at++;
  }

  async key(): Promise<string> {
    if ((await this.next()) !== QUOTE) this.fail("no key where one belongs");
    const key = await this.value();
    if ((await this.next()) !== COLON) this.fail("no colon where one belongs");
    this.skip();
    return String(key);
  }

  /** The value that begins at the next byte, parsed. */
  async value(): Promise<unknown> {
    if (this.#reading.pace.due) await this.#reading.pace.pause();
    const parts: Uint8Array[] = [];
    const scan = new ValueScan();
    await this.next();
    for (;;) {
      const end = scan.endIn(this.#chunk, this.#at);
      parts.push(this.#chunk.subarray(this.#at, end));
      this.#at = end;
      if (end < this.#chunk.length || !(await this.#more())) break;
    }
    try {
      return JSON.parse(this.#decoder.decode(joined(parts)));
    } catch (cause) {
      return this.fail("something else", cause);
    }
  }

  fail(what: string, cause?: unknown): never {
    refuse(this.#file, "FORMAT", `is no JSON: there is ${what} at byte ${this.#offset + this.#at}`, cause);
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (done) return false;
    this.#offset += this.#chunk.length;
    this.#chunk = value;
    this.#at = 0;
    return true;
  }
}

/** Finds where a value ends, over as many chunks as it takes. */
class ValueScan {
  #begun = false;
  #inString = false;
  #escaped = false;
  #depth = 0;

  /** The index behind the value's last byte; the chunk's length when it goes on, or might. */
  endIn(chunk: Uint8Array, from: number): number {
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) {
          this.#inString = false;
          this.#begun = true;
        }
        continue;
      }
      const opens = byte === ARRAY || byte === OBJECT;
      const closes = byte === ARRAY_END || byte === OBJECT_END;
      // At this level, whatever is not part of the value ends it; the value's own bytes are JSON.parse's to judge.
      if (this.#depth === 0 && (closes || byte === COMMA || byte === COLON || (this.#begun && isSpace(byte)))) return i;
      if (byte === QUOTE) this.#inString = true;
      else if (opens) this.#depth++;
      else if (closes) this.#depth--;
      this.#begun = true;
    }
    return chunk.length;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first) return first;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
