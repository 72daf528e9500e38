import { type OpenOptions, type RecordInput, Thermocline, ThermoclineError } from "@thermocline/core";
import { type NodeLike, nodeOf, REF_DOC_ID, type Revive, recordOf } from "./node-record.js";
import type { AddOptions, SignalOptions, ThermoclineConfig } from "./options.js";
import { planOf, type QueryLike } from "./query-plan.js";

/** How long nodes are turned into records before others get a turn. Their hashes are made then, if not before. */
const SLICE_MS = 4;

/** What a query finds: arrays side by side, best first. */
export interface Found<Node> {
  nodes: Node[];
  similarities: number[];
  ids: string[];
}

/** A vector store of nodes, of whichever framework. The underlying store is opened by the first call that needs it. */
export class NodeStore<Node extends NodeLike> {
  readonly #revive: Revive<Node>;
  readonly #options: OpenOptions;
  readonly #namespace: string | undefined;
  readonly #requireEmbeddings: boolean;
  readonly #borrowed: boolean;
  #opening: Promise<Thermocline> | undefined;
  #closed = false;

  constructor(revive: Revive<Node>, { namespace, requireEmbeddings = true, client, ...options }: ThermoclineConfig) {
    if (client && Object.values(options).some((value) => value !== undefined)) {
      const rule = "a client is open already, so leave its options out";
      throw new ThermoclineError("ARGUMENT", `Given: client and ${Object.keys(options).join(", ")}; ${rule}.`);
    }
    if (typeof requireEmbeddings !== "boolean") {
      const given = JSON.stringify(requireEmbeddings);
      throw new ThermoclineError("ARGUMENT", `requireEmbeddings is ${given}; give true or false.`);
    }
    this.#revive = revive;
    this.#options = options;
    this.#namespace = namespace;
    this.#requireEmbeddings = requireEmbeddings;
    this.#borrowed = client !== undefined;
    this.#opening = client && Promise.resolve(client);
  }

  async client(): Promise<Thermocline> {
    this.#assertOpen();
    this.#opening ??= Thermocline.open(this.#options).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async add(nodes: readonly Node[], { signal, onProgress }: AddOptions = {}): Promise<string[]> {
    const records = await recordsOf(nodes, this.#requireEmbeddings);
    const store = await this.client();
    await store.upsert(records, { namespace: this.#namespace, signal, onProgress });
    return records.map(({ id }) => id);
  }

  async delete(refDocId: string, { signal }: SignalOptions = {}): Promise<void> {
    const store = await this.client();
    await store.delete({ filter: ofDocument(refDocId) }, { namespace: this.#namespace, signal });
  }

  async exists(refDocId: string): Promise<boolean> {
    const store = await this.client();
    return (await store.count(ofDocument(refDocId), { namespace: this.#namespace })) > 0;
  }

  async query(query: QueryLike, { signal }: SignalOptions = {}): Promise<Found<Node>> {
    const { options, finish } = planOf(query);
    const store = await this.client();
    const hits = finish(await store.query({ ...options, namespace: this.#namespace, signal }));
    return {
      nodes: hits.map((hit) => nodeOf(hit, this.#revive)),
      similarities: hits.map(({ score }) => score),
      ids: hits.map(({ id }) => id),
    };
  }

  async persist(path: string): Promise<void> {
    const store = await this.client();
    await store.backup(path);
  }

  async close(): Promise<void> {
    this.#assertOpen();
    this.#closed = true;
    const store = await this.#opening?.catch(() => undefined);
    if (!this.#borrowed) await store?.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ThermoclineError("CLOSED", "This vector store is closed; make another to go on.");
  }
}

function ofDocument(refDocId: string) {
  return { [REF_DOC_ID]: refDocId };
}

async function recordsOf(nodes: readonly NodeLike[], requireEmbedding: boolean): Promise<RecordInput[]> {
  const records: RecordInput[] = [];
  let until = performance.now() + SLICE_MS;
  for (const node of nodes) {
    records.push(recordOf(node, requireEmbedding));
    if (performance.now() < until) continue;
    await new Promise((resolve) => setTimeout(resolve));
    until = performance.now() + SLICE_MS;
  }
  return records;
}
