import {
  type CreateIndexParams,
  type DeleteIndexParams,
  type DeleteVectorParams,
  type DeleteVectorsParams,
  type DescribeIndexParams,
  type IndexStats,
  MastraVector,
  type QueryResult,
} from "@mastra/core/vector";
import { type Metadata, type StoredRecord, type Thermocline, ThermoclineError } from "@thermocline/core";
import { type Condition, filterOf } from "./condition.js";
import { mastraError, refuse } from "./errors.js";
import type { ThermoclineVectorFilter } from "./filter.js";
import { ThermoclineFilterTranslator } from "./filter-translator.js";
import { type Index, Indexes } from "./indexes.js";
import { metricOf, nameOf, scoreOf, similarityOf } from "./metric.js";
import type { QueryParams, ThermoclineVectorConfig, UpdateParams, UpsertParams } from "./options.js";
import { idsOf, matching, replace, updated } from "./records.js";
import { listed, result, searchable } from "./results.js";

/**
 * A Mastra vector store over Thermocline: each index is an SQLite file of its own in a folder, or lives in memory. Vectors are
 * addressed by id; upserting one that is there replaces it. Scores are higher for what is more similar, under every metric.
 * Failures are `MastraError`s whose `cause` is a `ThermoclineError`, and a call that failed has changed nothing.
 *
 * @example
 * const vectors = new ThermoclineVector({ id: "vectors", path: "vectors" });
 * await vectors.createIndex({ indexName: "docs", dimension: 3 });
 * await vectors.upsert({ indexName: "docs", ids: ["a"], vectors: [[1, 0, 0]], metadata: [{ text: "north" }] });
 * const [best] = await vectors.query({ indexName: "docs", queryVector: [0.9, 0.1, 0], topK: 1 });
 * await vectors.close();
 */
export class ThermoclineVector extends MastraVector<ThermoclineVectorFilter> {
  readonly #indexes: Indexes;

  /**
   * Nothing is read or made before the first call.
   *
   * @throws `ARGUMENT` for a path that is none, and Mastra's own error for an empty id
   */
  constructor(config: ThermoclineVectorConfig) {
    const { id, disableInit = false, path, ...options } = config;
    super({ id, disableInit });
    try {
      this.#indexes = new Indexes(path, options);
    } catch (error) {
      throw mastraError("CONSTRUCTOR", undefined, error);
    }
  }

  /**
   * Makes an index of vectors with `dimension` components, compared by `metric` (default `cosine`). One that is there already with
   * the same settings stays as it is.
   *
   * @throws when there is one with another dimension or metric; `ARGUMENT`, `UNSUPPORTED` (read-only), `IO`, `CLOSED`
   * @example
   * await vectors.createIndex({ indexName: "docs", dimension: 1536, metric: "dotproduct" });
   */
  override createIndex({ indexName, dimension, metric = "cosine" }: CreateIndexParams): Promise<void> {
    return this.#call("CREATE_INDEX", indexName, async () => {
      const wanted = metricOf(metric);
      const { index, made } = await this.#indexes.create(indexName, dimension, wanted);
      if (made) return;
      if (index.dim === dimension && index.metric !== wanted) {
        const rule = "leave metric as it is, or delete the index and make it anew";
        refuse(`Index "${indexName}" already exists with metric ${nameOf(index.metric)}, not ${metric}; ${rule}.`);
      }
      await this.validateExistingIndex(indexName, dimension, metric);
    });
  }

  /**
   * The names of all indexes: those whose files are in the folder, whoever made them, or those in memory.
   *
   * @throws `IO`, `CLOSED`
   * @example
   * const names = await vectors.listIndexes();
   */
  override listIndexes(): Promise<string[]> {
    return this.#call("LIST_INDEXES", undefined, () => this.#indexes.names());
  }

  /**
   * An index's dimension, its metric, and how many vectors it holds.
   *
   * @throws `ARGUMENT` when there is none, and what `Thermocline.open` throws
   * @example
   * const { dimension, count, metric } = await vectors.describeIndex({ indexName: "docs" });
   */
  override describeIndex({ indexName }: DescribeIndexParams): Promise<IndexStats> {
    return this.#with("DESCRIBE_INDEX", indexName, async ({ store, dim, metric }) => {
      return { dimension: dim, count: await store.count(), metric: nameOf(metric) };
    });
  }

  /**
   * Deletes an index with its file, after the writes under way; one that is not there is passed over. No other process may have it
   * open.
   *
   * @throws `UNSUPPORTED` (read-only), `IO`, `CLOSED`
   * @example
   * await vectors.deleteIndex({ indexName: "docs" });
   */
  override deleteIndex({ indexName }: DeleteIndexParams): Promise<void> {
    return this.#call("DELETE_INDEX", indexName, () => this.#indexes.delete(indexName));
  }

  /**
   * Writes vectors with their metadata, replacing those of the same id, and returns their ids: the given ones, or new ones. What
   * `deleteFilter` holds for is deleted in the same transaction. All of it is done, or none.
   *
   * @throws `ARGUMENT` when the lists differ in length or are empty, or metadata are no JSON; `DIMENSION`, `NOT_FINITE` or
   * `ZERO_VECTOR` for a bad vector, `FILTER`, `UNSUPPORTED` for sparse vectors, `IO`, `CLOSED`
   * @example
   * await vectors.upsert({ indexName: "docs", vectors: chunks, metadata, deleteFilter: { source: "a.pdf" } });
   */
  override upsert({ indexName, vectors, metadata, ids, sparseVectors, deleteFilter }: UpsertParams): Promise<string[]> {
    return this.#with("UPSERT", indexName, async (index) => {
      refuseSparse(sparseVectors);
      if (!Array.isArray(vectors) || vectors.length === 0) refuse("vectors is no list of vectors, or empty; give one.");
      sameNumber("ids", ids, vectors.length);
      if (metadata && metadata.length > 0) sameNumber("metadata", metadata, vectors.length);
      for (const vector of vectors) refuseMisfit(indexName, index.dim, vector);
      const given = ids ?? vectors.map(() => crypto.randomUUID());
      const records = given.map((id, i) => ({ id, vector: vectors[i] ?? [], metadata: metadata?.[i] as Metadata }));
      const unwanted = deleteFilter ? this.#selection("deleteFilter", deleteFilter) : undefined;
      await index.write(async () => replace(index, records, unwanted ? await idsOf(index, unwanted) : []));
      return [...given];
    });
  }

  /**
   * The `topK` vectors (default 10) most similar to `queryVector` that the filter holds for, best first; fewer only when fewer match.
   * Without a `queryVector`, those that the filter holds for, in the order of writing, with score 0.
   *
   * @throws `ARGUMENT` for a bad `topK`, without vector and filter, or when there is no such index; `DIMENSION`, `NOT_FINITE`,
   * `ZERO_VECTOR`, `FILTER`, `UNSUPPORTED` for a sparse vector, `CLOSED`
   * @example
   * const results = await vectors.query({ indexName: "docs", queryVector, topK: 3, filter: { year: { $gte: 2015 } } });
   */
  override query(params: QueryParams): Promise<QueryResult[]> {
    const { indexName, queryVector, topK = 10, filter, includeVector = false, sparseVector, minScore } = params;
    return this.#with("QUERY", indexName, async (index) => {
      refuseSparse(sparseVector);
      if (!Number.isInteger(topK) || topK < 1) refuse(`topK is ${String(topK)}; give a whole number from 1.`);
      const condition = new ThermoclineFilterTranslator().translate(filter);
      if (queryVector === undefined || queryVector === null) {
        if (!condition) refuse("Either queryVector or filter must be provided; give one of them, or both.");
        return listed(index, condition, topK, includeVector);
      }
      const hits = await index.store.query({
        vector: queryVector,
        k: topK,
        filter: condition && searchable(condition),
        includeVectors: includeVector,
        minScore: similarityOf(minScore, index.metric),
      });
      return hits.map((hit) => result(hit, scoreOf(hit.score, index.metric)));
    });
  }

  /**
   * Gives a vector, or all that a filter holds for, a new vector, new metadata, or both. Metadata are replaced whole. All of them are
   * updated in one transaction; an id that is not there is passed over.
   *
   * @throws `ARGUMENT` unless exactly one of `id` and `filter`, which must not be empty, and at least one update are given; what
   * `upsert` throws
   * @example
   * await vectors.updateVector({ indexName: "docs", filter: { source: "a.pdf" }, update: { metadata: { archived: true } } });
   */
  override updateVector({ indexName, id, filter, update }: UpdateParams): Promise<void> {
    return this.#with("UPDATE_VECTOR", indexName, async (index) => {
      const selected = this.#one("id", id, filter);
      const { vector, metadata } = update ?? {};
      if (!vector && !metadata) refuse("No updates provided; give a vector, metadata, or both.");
      await index.write(async () => {
        const includeVectors = !vector;
        const records: StoredRecord[] = [];
        if (selected) for await (const record of matching(index, selected, includeVectors)) records.push(record);
        else
          for (const record of await index.store.get([id ?? ""], { includeVectors })) if (record) records.push(record);
        await index.store.upsert(records.map((record) => updated(record, { vector, metadata })));
      });
    });
  }

  /**
   * Deletes a vector; an id that is not there is passed over.
   *
   * @throws `ARGUMENT`, `IO`, `CLOSED`
   * @example
   * await vectors.deleteVector({ indexName: "docs", id: "a" });
   */
  override deleteVector({ indexName, id }: DeleteVectorParams): Promise<void> {
    return this.#with("DELETE_VECTOR", indexName, async (index) => {
      await index.write(() => index.store.delete({ ids: [id] }));
    });
  }

  /**
   * Deletes vectors by their ids, of which those that are not there are passed over, or all that a filter holds for, in one
   * transaction.
   *
   * @throws `ARGUMENT` unless exactly one of `ids` and `filter` is given, and not empty; `FILTER`, `IO`, `CLOSED`
   * @example
   * await vectors.deleteVectors({ indexName: "docs", filter: { source: "a.pdf" } });
   */
  override deleteVectors({ indexName, ids, filter }: DeleteVectorsParams<ThermoclineVectorFilter>): Promise<void> {
    return this.#with("DELETE_VECTORS", indexName, async (index) => {
      const selected = this.#one("ids", ids, filter);
      if (ids?.length === 0) refuse("Cannot delete with an empty ids array; give at least one id.");
      await index.write(async () => {
        const byFilter = selected && filterOf(selected);
        if (byFilter) await index.store.delete({ filter: byFilter });
        else await index.store.delete({ ids: selected ? await idsOf(index, selected) : (ids ?? []) });
      });
    });
  }

  /**
   * The store behind an index, for what Mastra has no words for: `stats`, searches by words, `calibrate`, `backup`. It is closed
   * with this one.
   *
   * @throws `ARGUMENT` when there is no such index, and what `Thermocline.open` throws
   * @example
   * const { hot, cold } = (await vectors.thermocline("docs")).stats();
   */
  thermocline(indexName: string): Promise<Thermocline> {
    return this.#with("THERMOCLINE", indexName, async ({ store }) => store);
  }

  /**
   * Closes all indexes, after the calls under way; those in memory are gone. Calls after it reject with `CLOSED`, but for `close`
   * itself, which does nothing more.
   */
  close(): Promise<void> {
    return this.#call("CLOSE", undefined, () => this.#indexes.close());
  }

  /** Closes the store at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call<T>(operation: string, indexName: string | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw mastraError(operation, indexName, error);
    }
  }

  #with<T>(operation: string, indexName: string, work: (index: Index) => Promise<T>): Promise<T> {
    return this.#call(operation, indexName, () => this.#indexes.use(indexName, work));
  }

  /** The filter's condition where a filter is given, and undefined where ids are. */
  #one(name: "id" | "ids", given: unknown, filter: ThermoclineVectorFilter): Condition | undefined {
    const [byId, byFilter] = [given, filter].map((value) => value !== undefined && value !== null);
    if (byId && byFilter) refuse(`${name} and filter are mutually exclusive; give one of them.`);
    const either = name === "id" ? "id or filter" : "filter or ids";
    if (!byId && !byFilter) refuse(`Either ${either} must be provided; give one of them.`);
    return byFilter ? this.#selection("filter", filter) : undefined;
  }

  /** The condition of a filter that chooses what is changed or deleted. Nothing that could mean everything by mistake does. */
  #selection(name: string, filter: ThermoclineVectorFilter): Condition {
    const condition = new ThermoclineFilterTranslator().translate(filter);
    const empty = !condition || (condition.kind === "all" && condition.of.length === 0);
    return empty ? refuse(`The ${name} is an empty filter, which holds for everything; say what is meant.`) : condition;
  }
}

function sameNumber(what: string, list: readonly unknown[] | null | undefined, vectors: number): void {
  if (list === undefined || list === null || (Array.isArray(list) && list.length === vectors)) return;
  refuse(
    `Given: ${Array.isArray(list) ? list.length : "no list of"} ${what} for ${vectors} vectors. Give one for each.`,
  );
}

/** In the words of Mastra's own stores, by which their callers know it. What is no list core refuses. */
function refuseMisfit(indexName: string, dim: number, vector: unknown): void {
  if (!Array.isArray(vector) || vector.length === dim) return;
  const mismatch = `Index "${indexName}" expects ${dim} dimensions but got ${vector.length} dimensions`;
  const advice = "Either use a matching embedding model or delete and recreate the index with the new dimension";
  throw new ThermoclineError("DIMENSION", `Vector dimension mismatch: ${mismatch}. ${advice}.`);
}

function refuseSparse(given: unknown): void {
  if (given === undefined || given === null) return;
  throw new ThermoclineError("UNSUPPORTED", "Thermocline has no sparse vectors; search by words with thermocline().");
}
