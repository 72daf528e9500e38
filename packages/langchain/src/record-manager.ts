import type { ListKeyOptions, RecordManagerInterface, UpdateOptions } from "@langchain/core/indexing";
import { type Filter, type StoredRecord, type Thermocline, ThermoclineError } from "@thermocline/core";
import type { ThermoclineVectorStore } from "./vector-store.js";

/**
 * Options of `ThermoclineRecordManager`.
 *
 * @example
 * const options: RecordManagerOptions = { namespace: "handbook", sourceIdKey: "source" };
 */
export interface RecordManagerOptions {
  /** Whose keys these are; those of other namespaces are neither seen nor changed. Default `"default"`. */
  readonly namespace?: string | undefined;
  /**
   * The namespace that the documents are in. Default: that of the vector store; of a `Thermocline`, `"default"`. `false` where the documents
   * are in another store: a key then exists until it is deleted.
   */
  readonly documents?: string | false | undefined;
  /**
   * The key that `index()` gets as `sourceIdKey`, where it is a string. With it `cleanup: "incremental"` also finds what a run that ended early
   * has added of a source; without it only `"full"` does.
   */
  readonly sourceIdKey?: string | undefined;
}

const KNOWN = ["namespace", "documents", "sourceIdKey"];

/** What is kept of a key. */
type Entry = {
  readonly updatedAt: number;
  readonly groupId: string | null;
  /** Whether `index()` has asked for it and not said yet that its document is added. */
  readonly pending?: boolean;
};

type Key = StoredRecord<Entry>;

/**
 * Remembers for LangChain's `index()` which documents it has added, in the same store as the documents, as records without a vector.
 *
 * A key exists only while a document of its id is in the documents' namespace, which is asked of the store each time. So `index()` never
 * skips a document that is not there, however it went: deleted by id or by filter, expired, or its namespace dropped. Each step of
 * `index()` is one transaction, and no two can be in one: it awaits each of them, and adds documents before it says their groups. A run that ended between two of them leaves no more than a document whose key is unfinished: the
 * next run that brings the document finishes it, and the next clean-up that does not bring it deletes it.
 *
 * Times never repeat or go back, in any process that has the file, and `before` and `after` leave out the time itself: what a run has
 * touched is never older than its beginning. Two runs with clean-up over the same keys must not overlap, as with every record manager.
 *
 * @example
 * const recordManager = new ThermoclineRecordManager(vectorStore);
 * await index({ docsSource: documents, recordManager, vectorStore, options: { cleanup: "full" } });
 */
export class ThermoclineRecordManager implements RecordManagerInterface {
  readonly #open: () => Promise<Thermocline>;
  readonly #documents: string | undefined;
  readonly #sourceIdKey: string | undefined;
  /** The namespace that the keys are in. */
  readonly #keys: string;

  /**
   * @param store - the vector store that `index()` writes to, or the `Thermocline` that it is a view of; it stays yours to close
   * @throws `ARGUMENT` for unknown options, and for those that are no text
   */
  constructor(store: ThermoclineVectorStore | Thermocline, options: RecordManagerOptions = {}) {
    refuseUnknown(options);
    const isVectorStore = "thermocline" in store;
    const { namespace = "default", documents = isVectorStore ? store.namespace : "default", sourceIdKey } = options;
    this.#open = isVectorStore ? () => store.thermocline() : async () => store;
    this.#documents = documents === false ? undefined : documents;
    this.#sourceIdKey = sourceIdKey;
    this.#keys = `langchain record manager ${JSON.stringify([documents, namespace])}`;
  }

  /** Opens the store, if it is not yet. There is no schema to make. */
  async createSchema(): Promise<void> {
    await this.#open();
  }

  /**
   * A time in milliseconds since 1970, later than every one before.
   *
   * @throws `IO`, `CLOSED`
   */
  async getTime(): Promise<number> {
    return (await this.#open()).timestamp();
  }

  /**
   * Notes that documents are there, now. `groupIds` are one for each key; without them keys keep the groups that they have.
   *
   * @throws `ARGUMENT` when keys and groups differ in number, or when it is not yet `timeAtLeast`; `IO`, `CLOSED`
   */
  async update(keys: string[], { groupIds, timeAtLeast }: UpdateOptions = {}): Promise<void> {
    if (groupIds && groupIds.length !== keys.length) {
      const given = `${groupIds.length} groupIds for ${keys.length} keys`;
      throw new ThermoclineError("ARGUMENT", `Given: ${given}. Give one for each, null for none.`);
    }
    const store = await this.#open();
    const updatedAt = await this.getTime();
    if (timeAtLeast !== undefined && updatedAt < timeAtLeast) {
      const rule = "give what getTime has returned";
      throw new ThermoclineError("ARGUMENT", `timeAtLeast is ${timeAtLeast}, and it is ${updatedAt}; ${rule}.`);
    }
    const groups = groupIds ?? (await this.#read(store, keys)).map((key) => key?.metadata.groupId);
    await this.#write(store, keys, (_, i) => ({ updatedAt, groupId: groups[i] ?? null }));
  }

  /**
   * Whether each key was noted and its document is there. Of keys whose document is not there it is noted that it may be added soon: that is
   * what `index()` does next, and it may end before it says so.
   *
   * @throws `ARGUMENT` for a bad key, `IO`, `CLOSED`
   */
  async exists(keys: string[]): Promise<boolean[]> {
    const store = await this.#open();
    const known = await this.#read(store, keys);
    if (this.#documents === undefined) return known.map((key) => key !== undefined);
    const documents = await store.get(keys, { namespace: this.#documents });
    const expected = keys.filter((_, i) => !known[i] && !documents[i]);
    if (expected.length > 0) {
      const updatedAt = await this.getTime();
      await this.#write(store, expected, () => ({ updatedAt, groupId: null, pending: true }));
    }
    return keys.map((_, i) => known[i] !== undefined && documents[i] !== undefined);
  }

  /**
   * The keys that were updated before one time and after another, and of some groups; in the order in which they were updated, up to `limit`.
   * A run that ended between deleting documents and their keys leaves keys that do not exist and are listed, for the next clean-up to delete.
   *
   * @throws `ARGUMENT`, `IO`, `CLOSED`
   */
  async listKeys({ before, after, groupIds, limit = 2 ** 31 }: ListKeyOptions = {}): Promise<string[]> {
    const store = await this.#open();
    const groups = groupIds && [...new Set(groupIds.map((group) => group ?? null))];
    const time = {
      ...((before ?? after) !== undefined && {
        updatedAt: { ...(before !== undefined && { $lt: before }), ...(after !== undefined && { $gt: after }) },
      }),
    };
    const noted = { ...time, pending: { $exists: false }, ...(groups && { groupId: { $in: groups } }) };
    const found = await this.#list(store, noted, limit);
    if (found.length < limit && this.#documents !== undefined) {
      const left = await this.#left(store, this.#documents, { ...time, pending: true }, before !== undefined, groups);
      found.push(...left.slice(0, limit - found.length));
    }
    return found;
  }

  /**
   * Forgets keys; those that are not there are passed over. Their documents stay.
   *
   * @throws `ARGUMENT` for a bad key, `IO`, `CLOSED`
   */
  async deleteKeys(keys: string[]): Promise<void> {
    const store = await this.#open();
    await store.delete({ ids: keys }, { namespace: this.#keys });
  }

  /** Keys of documents that a run has added before it ended early; with `forget`, keys of others are given up. */
  async #left(
    store: Thermocline,
    documents: string,
    filter: Filter,
    forget: boolean,
    groups: readonly (string | null)[] | undefined,
  ): Promise<string[]> {
    const pending = await this.#list(store, filter, 2 ** 31);
    if (pending.length === 0) return [];
    const added = await store.get(pending, { namespace: documents });
    const missing = pending.filter((_, i) => !added[i]);
    if (forget && missing.length > 0) await this.deleteKeys(missing);
    return pending.filter((_, i) => {
      const document = added[i];
      return document !== undefined && (groups?.includes(this.#groupOf(document)) ?? true);
    });
  }

  /** The group that `index()` would have given a document; null where nobody can tell. */
  #groupOf({ metadata }: StoredRecord): string | null {
    const group = this.#sourceIdKey === undefined ? undefined : metadata[this.#sourceIdKey];
    return (group as string | undefined) ?? null;
  }

  async #list(store: Thermocline, filter: Filter, limit: number): Promise<string[]> {
    // Nearly always none is too old, which an index tells.
    if ((await store.count(filter, { namespace: this.#keys })) === 0) return [];
    const keys: string[] = [];
    for await (const { id } of store.list({ filter, limit, namespace: this.#keys })) keys.push(id);
    return keys;
  }

  async #read(store: Thermocline, keys: readonly string[]): Promise<(Key | undefined)[]> {
    return (await store.get(keys, { namespace: this.#keys })) as (Key | undefined)[];
  }

  async #write(store: Thermocline, keys: readonly string[], entryOf: (key: string, i: number) => Entry): Promise<void> {
    const records = keys.map((id, i) => ({ id, metadata: { ...entryOf(id, i) } }));
    await store.upsert(records, { namespace: this.#keys });
  }
}

function refuseUnknown(options: RecordManagerOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!KNOWN.includes(name)) {
      const rule = `the options are ${KNOWN.join(", ")}`;
      throw new ThermoclineError("ARGUMENT", `Unknown option ${name} of a record manager; ${rule}.`);
    }
    const isText = value === undefined || (typeof value === "string" && value !== "");
    if (isText || (name === "documents" && value === false)) continue;
    throw new ThermoclineError("ARGUMENT", `${name} is ${JSON.stringify(value)}; give a string that is not empty.`);
  }
}
