import * as llamaindexSchema from "@llamaindex/core/schema";
import type { Filter } from "@thermocline/core";
import * as llamaindex from "@thermocline/llamaindex";
import * as vectorstores from "@thermocline/llamaindex/vectorstores";
import * as vectorstoresCore from "@vectorstores/core";
import type { Adapter, Entry, StoreDriver } from "../conformance/driver.js";
import { wordVector } from "./word-vector.js";

/** What the tests use of either framework's text nodes. */
export type Node = llamaindexSchema.TextNode | vectorstoresCore.TextNode;

/** One of the package's two entries, with the framework that it is for. */
export interface Framework {
  readonly name: string;
  readonly open: (config?: llamaindex.ThermoclineConfig) => Store;
  readonly over: (typeof llamaindex.ThermoclineVectorStore)["fromExistingStore"];
  readonly schema: Pick<typeof llamaindexSchema, "TextNode" | "IndexNode" | "Document" | "ImageNode" | "ImageDocument">;
}

/** The stores of both entries have the same calls, of nodes that have the same shape. */
export type Store = llamaindex.ThermoclineVectorStore;

export const frameworks: readonly Framework[] = [
  {
    name: "@llamaindex/core",
    open: (config) => new llamaindex.ThermoclineVectorStore(config),
    over: (client, view) => llamaindex.ThermoclineVectorStore.fromExistingStore(client, view),
    schema: llamaindexSchema,
  },
  {
    name: "@vectorstores/core",
    open: (config) => new vectorstores.ThermoclineVectorStore(config) as unknown as Store,
    over: (client, view) => vectorstores.ThermoclineVectorStore.fromExistingStore(client, view) as unknown as Store,
    schema: vectorstoresCore as unknown as Framework["schema"],
  },
];

/** The suite's filters in the frameworks' words. */
function filtersOf(filter: Filter): { filters: llamaindexSchema.Metadata[] } {
  const filters = Object.entries(filter).flatMap(([key, value]) => {
    if (key === "$and") return value.map(filtersOf);
    const { $gt } = typeof value === "object" ? value : {};
    return $gt === undefined ? { key, value, operator: "==" } : { key, value: $gt, operator: ">" };
  });
  return { filters };
}

/** The adapter for a framework, to be tested by `describeVectorStore`. */
export function llamaindexAdapter({ open, schema }: Framework): Adapter<llamaindexSchema.TextNode> {
  const read = ({ id_: id, text, metadata }: llamaindexSchema.TextNode): Entry => ({ id, text, metadata });
  return {
    lacks: ["getByIds", "ids in add"],
    async open(place): Promise<StoreDriver<llamaindexSchema.TextNode>> {
      const store = open(place);
      return {
        document: ({ id, text, metadata }) =>
          new schema.TextNode({ id_: id, text, metadata: { ...metadata }, embedding: wordVector(text) }),
        read,
        add: (nodes) => store.add([...nodes]),
        async delete(ids) {
          for (const id of ids) await store.delete(id);
        },
        async search(text, k, filter) {
          const query = { queryEmbedding: wordVector(text), similarityTopK: k, mode: "default" as const };
          const filters = filter && (filtersOf(filter) as never);
          const { nodes, similarities } = await store.query({ ...query, mode: query.mode as never, filters });
          return nodes.map((node, i) => ({ ...read(node as llamaindexSchema.TextNode), score: similarities[i] ?? 0 }));
        },
        close: () => store.close(),
      };
    },
  };
}
