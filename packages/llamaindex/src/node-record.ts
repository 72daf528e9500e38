import { type Metadata, type RecordInput, type StoredRecord, ThermoclineError } from "@thermocline/core";

/** What nodes of both frameworks have in common, and all that is asked of one here. */
export interface NodeLike {
  hash: string;
  readonly sourceNode: { readonly nodeId: string } | undefined;
  toJSON(): Record<string, unknown>;
}

/** Makes a node of its JSON: the framework's own `jsonToNode`. */
export type Revive<Node> = (json: Record<string, unknown>) => Node;

/** Where in a record's metadata all of a node is kept that is neither text nor metadata. */
const NODE = "_node";

/** Path of the document that a node is of, by which it is deleted. */
export const REF_DOC_ID = `${NODE}.refDocId`;

/** Path of the list of fields that are empty arrays, which core's filters have no word for. */
export const EMPTY_FIELDS = `${NODE}.emptyFields`;

/** The types that `jsonToNode` knows. */
const TYPES: readonly unknown[] = ["TEXT", "INDEX", "DOCUMENT", "IMAGE", "IMAGE_DOCUMENT"];

/**
 * A node as a record, without a vector where it has no embedding and needs none. Its metadata lie as they are, so whoever else
 * opens the store can filter by them, too.
 */
export function recordOf(node: NodeLike, requireEmbedding: boolean): RecordInput {
  const { id_, embedding, text, metadata, _hash, ...rest } = node.toJSON();
  const named = `The node ${JSON.stringify(id_)}`;
  const isEmbedded = embedding !== undefined && embedding !== null;
  if (requireEmbedding && !isEmbedded) {
    const rule = "embed it first, or make the store with requireEmbeddings: false, which then finds it by words only";
    throw new ThermoclineError("ARGUMENT", `${named} has no embedding; ${rule}.`);
  }
  if (!TYPES.includes(rest["type"])) {
    const rule = `give a node of type ${TYPES.join(", ")}`;
    throw new ThermoclineError("ARGUMENT", `${named} has the type ${JSON.stringify(rest["type"])}; ${rule}.`);
  }
  const own: Record<string, unknown> = { ...(metadata as object | undefined) };
  if (Object.hasOwn(own, NODE)) {
    const rule = "this store keeps the node itself there, so rename the key";
    throw new ThermoclineError(
      "ARGUMENT",
      `The metadata of node ${JSON.stringify(id_)} have the key ${NODE}; ${rule}.`,
    );
  }
  // JSON has no word for what is in a blob, and would make an object of it.
  if (rest["image"] instanceof Blob) delete rest["image"];
  const emptyFields = Object.keys(own).filter((key) => isEmptyArray(own[key]));
  const stored = { ...rest, refDocId: refDocIdOf(node, own, id_), ...(emptyFields.length > 0 && { emptyFields }) };
  return {
    id: id_ as string,
    // Whether it is numbers, and metadata are JSON, is for core to check.
    ...(isEmbedded && { vector: embedding as ArrayLike<number> }),
    text: typeof text === "string" ? text : undefined,
    metadata: { ...own, [NODE]: stored } as Metadata,
  };
}

/** The node of a record; of one that was not written as a node, a text node with its text and metadata. */
export function nodeOf<Node extends NodeLike>({ id, text = "", metadata }: StoredRecord, revive: Revive<Node>): Node {
  const { [NODE]: stored, ...own } = metadata;
  const isNode = typeof stored === "object" && stored !== null && "type" in stored && TYPES.includes(stored.type);
  const { refDocId: _, emptyFields: __, hash, type, ...fields } = (isNode ? stored : { type: "TEXT" }) as Metadata;
  const node = revive({ ...fields, type, id_: id, text, metadata: own });
  // The constructors leave out some of what is falsy, as a beginning at 0.
  Object.assign(node, fields);
  if (typeof hash === "string") node.hash = hash;
  return node;
}

/** A node without a source may name one in its metadata, under the frameworks' own key; else it is a document itself. */
function refDocIdOf(node: NodeLike, metadata: Record<string, unknown>, id: unknown): unknown {
  const named = metadata["ref_doc_id"];
  return node.sourceNode?.nodeId ?? (typeof named === "string" ? named : id);
}

function isEmptyArray(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
