import { type FileHandle, open, rename, rm } from "node:fs/promises";

/** Bytes written at a time. */
const CHUNK = 2 ** 20;

/** A file that is written beside its name, and has it when it is whole. */
export class PartFile {
  readonly #target: string;
  readonly #part: string;
  readonly #file: FileHandle;
  readonly #waiting: Uint8Array[] = [];
  #bytes = 0;

  private constructor(target: string, part: string, file: FileHandle) {
    [this.#target, this.#part, this.#file] = [target, part, file];
  }

  static async open(target: string): Promise<PartFile> {
    const part = `${target}.${process.pid}.part`;
    return new PartFile(target, part, await open(part, "w"));
  }

  /** Adds bytes at the end. They are the file's from now on. */
  async append(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= CHUNK) await this.#flush();
  }

  /** Writes the first bytes anew. */
  async overwriteStart(bytes: Uint8Array): Promise<void> {
    await this.#flush();
    await this.#file.write(bytes, 0, bytes.length, 0);
  }

  /** All of it is on the disk after this. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
  }

  /** Gives it its name, after `finish`; what has that name is replaced. */
  async publish(): Promise<void> {
    await rename(this.#part, this.#target);
  }

  /** Takes it away, unless it has its name. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(this.#part, { force: true });
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting.length = 0;
    this.#bytes = 0;
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
  }
}
