import type { RecordInput, Thermocline } from "@thermocline/core";
import type { EmbeddingProvider } from "./embedding/provider.js";
import {
  type EmbeddingFlags,
  providerOf,
  type RememberedEmbedding,
  rememberedEmbedding,
} from "./embedding/remembered.js";
import { misuse } from "./failure.js";
import type { NpyFile } from "./npy-file.js";
import type { SourceRecord } from "./sources/source.js";

/** Ids deleted in one transaction. */
const DELETED = 1_024;

export interface ImportedCounts {
  readonly read: number;
  /** Written: new ones, and those whose text was another. */
  readonly imported: number;
  /** Passed over. */
  readonly present: number;
  /** Passages that are not in their file any more. */
  readonly outdated: number;
}

/** How records go into a store. */
export interface ImportingFlags extends EmbeddingFlags {
  readonly namespace?: string | undefined;
  readonly replace?: boolean | undefined;
}

/** Where records go, and what becomes of them on the way. */
export interface ImportTarget {
  readonly store: Thermocline;
  readonly flags: ImportingFlags;
  /** A row for each record, where they are in a file of their own. */
  readonly vectors: NpyFile | undefined;
  /** Whether records are passages of files, so that what has left a file can be told. */
  readonly passages: boolean;
  readonly signal: AbortSignal;
  /** For a record without a vector that nothing embeds. */
  readonly refuse: (record: SourceRecord) => never;
}

/** An import under way: what is there is passed over, what has no vector is embedded. */
export class Importing {
  readonly #target: ImportTarget;
  readonly #ids = new Set<string>();
  readonly #files = new Set<string>();
  #provider: EmbeddingProvider | undefined;
  #read = 0;
  #imported = 0;
  #present = 0;
  #outdated = 0;

  constructor(target: ImportTarget) {
    this.#target = target;
  }

  get counts(): ImportedCounts {
    return { read: this.#read, imported: this.#imported, present: this.#present, outdated: this.#outdated };
  }

  /** What embeds, if anything had to be. */
  get embedding(): RememberedEmbedding | undefined {
    if (!this.#provider) return undefined;
    const { name: provider, model } = this.#provider;
    return model === undefined ? { provider } : { provider, model };
  }

  /** Writes what is new of some records, in one transaction. */
  async add(batch: readonly SourceRecord[]): Promise<void> {
    const { replace } = this.#target.flags;
    const rows = await this.#target.vectors?.read(this.#read, batch.length);
    const ids = batch.map(({ id }) => id);
    const there = replace ? [] : await this.#target.store.get(ids, this.#scope);
    const added = batch.flatMap((record, i) => {
      const stored = there[i];
      return stored && stored.text === record.text ? [] : [{ record, vector: rows?.[i] ?? record.vector }];
    });
    const records = await this.#embedded(added);
    if (records.length > 0) await this.#target.store.upsert(records, { ...this.#scope, signal: this.#target.signal });
    for (const { id, metadata } of this.#target.passages ? batch : []) {
      this.#ids.add(id);
      if (typeof metadata["source"] === "string") this.#files.add(metadata["source"]);
    }
    this.#read += batch.length;
    this.#imported += records.length;
    this.#present += batch.length - records.length;
  }

  /** Deletes the passages of files that were read in which they are no more. */
  async deleteOutdated(): Promise<void> {
    const outdated: string[] = [];
    const options = { ...this.#scope, filter: { source: { $exists: true } }, signal: this.#target.signal };
    for await (const { id, metadata } of this.#target.store.list(options)) {
      const { source } = metadata;
      // Only what an import named so: others may have a source, too.
      const ours = typeof source === "string" && this.#files.has(source) && id.startsWith(`${source}#`);
      if (ours && !this.#ids.has(id)) outdated.push(id);
    }
    for (let from = 0; from < outdated.length; from += DELETED) {
      const selection = { ids: outdated.slice(from, from + DELETED) };
      this.#outdated += await this.#target.store.delete(selection, { ...this.#scope, signal: this.#target.signal });
    }
  }

  get #scope(): { readonly namespace?: string } {
    const { namespace } = this.#target.flags;
    return namespace === undefined ? {} : { namespace };
  }

  async #embedded(
    added: readonly { readonly record: SourceRecord; readonly vector: ArrayLike<number> | undefined }[],
  ): Promise<RecordInput[]> {
    const lacking = added.filter(({ vector }) => vector === undefined).map(({ record }) => record);
    const made = new Map<SourceRecord, ArrayLike<number>>();
    const [first] = lacking;
    if (first && this.#target.flags.embed !== "none") {
      this.#provider ??= await this.#providerFor(first);
      const texts = lacking.map((record) => record.embedded ?? record.text ?? this.#target.refuse(record));
      const vectors = await this.#provider.embed(texts, this.#target.signal);
      const { dim } = this.#target.store.stats();
      lacking.forEach((record, i) => {
        const vector = vectors[i] ?? this.#target.refuse(record);
        if (dim !== undefined && vector.length !== dim) this.#refuseDimension(vector.length, dim);
        made.set(record, vector);
      });
    }
    return added.map(({ record, vector = made.get(record) }) => {
      const { id, text, metadata } = record;
      return vector === undefined ? { id, text, metadata } : { id, vector, text, metadata };
    });
  }

  async #providerFor(record: SourceRecord): Promise<EmbeddingProvider> {
    const { embed } = this.#target.flags;
    if (embed === undefined && !(await rememberedEmbedding(this.#target.store))) this.#target.refuse(record);
    return (await providerOf(this.#target.store, this.#target.flags)) ?? this.#target.refuse(record);
  }

  #refuseDimension(made: number, dim: number): never {
    const { name = "", model = "its model" } = this.#provider ?? {};
    return misuse(
      `${name} made a vector of ${made} with ${model}, and the store holds vectors of ${dim}; use the model that filled it, or another file.`,
    );
  }
}
