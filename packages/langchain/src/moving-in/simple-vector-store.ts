import { inDirectory, kindOf, type SourceFile, withFile } from "../directory.js";
import { jsonItems } from "./json-items.js";
import { isObject, type Moved } from "./moved.js";
import { type Moving, Reading, refuse } from "./source.js";

/** A node of LlamaIndex.TS, as far as it is kept beside the vectors. */
interface Node {
  readonly text: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const VECTORS = "vector_store.json";
const DOCUMENTS = "doc_store.json";

/** What `nodeToMetadata` of LlamaIndex.TS adds to a node's own metadata. */
const ADDED = ["_node_content", "_node_type", "document_id", "doc_id", "ref_doc_id"];

/**
 * What LlamaIndex.TS's SimpleVectorStore persisted: a directory, or the path of its vector_store.json. Texts are those of the
 * doc_store.json beside it, where there is one: SimpleVectorStore itself keeps none. The id of a node's source becomes its
 * metadata's `ref_doc_id`.
 */
export async function readSimpleVectorStore(path: string, moving: Moving): Promise<Moved> {
  const given = (await kindOf(path)) === "directory" ? inDirectory(path, VECTORS) : path;
  const beside = inDirectory(inDirectory(given, ".."), DOCUMENTS);
  return withFile(given, async (vectors) => {
    if ((await kindOf(beside)) !== "file") return moved(vectors, undefined, moving);
    return withFile(beside, (documents) => moved(vectors, documents, moving));
  });
}

async function moved(vectors: SourceFile, documents: SourceFile | undefined, moving: Moving): Promise<Moved> {
  const reading = new Reading(documents ? [vectors, documents] : [vectors], moving);
  const nodes = documents ? await nodesOf(documents, reading) : new Map<string, Node>();
  const embeddings = new Map<string, Float32Array>();
  const metadata = new Map<string, Record<string, unknown>>();
  const sources = new Map<string, string>();
  for await (const { path, value } of jsonItems(vectors, 2, reading)) {
    const [part, id] = path;
    if (typeof id !== "string") {
      return refuse(vectors, "FORMAT", "is not what SimpleVectorStore persists: objects by node id within an object");
    }
    if (part === "embeddingDict") embeddings.set(id, vectorFrom(vectors, id, value));
    else if (part === "textIdToRefDocId" && typeof value === "string") sources.set(id, value);
    else if (part === "metadataDict" && isObject(value)) metadata.set(id, value);
    else return refuse(vectors, "FORMAT", `has something odd for node ${JSON.stringify(id)} in ${part}`);
  }
  const all: Moved = { documents: [], vectors: [], ids: [], metric: undefined };
  for (const [id, vector] of embeddings) {
    const node = nodes.get(id);
    if (documents && !node)
      refuse(documents, "CORRUPT", `has no node ${JSON.stringify(id)}, which ${vectors.path} has`);
    const own = node?.metadata ?? without(metadata.get(id) ?? {}, ADDED);
    const source = sources.get(id);
    all.documents.push({
      pageContent: node?.text ?? "",
      metadata: source === undefined ? { ...own } : { ...own, ref_doc_id: source },
    });
    all.vectors.push(vector);
    all.ids.push(id);
    if (reading.pace.due) await reading.pace.pause();
  }
  return all;
}

async function nodesOf(documents: SourceFile, reading: Reading): Promise<Map<string, Node>> {
  const nodes = new Map<string, Node>();
  for await (const { path, value } of jsonItems(documents, 2, reading)) {
    const [collection, id] = path;
    if (collection !== "docstore/data" || typeof id !== "string") continue;
    const data = isObject(value) ? nodeData(value["__data__"]) : undefined;
    if (!data) return refuse(documents, "FORMAT", `has something else than a node for ${JSON.stringify(id)}`);
    const { text = "", metadata = {} } = data;
    if (typeof text !== "string" || !isObject(metadata)) {
      return refuse(documents, "FORMAT", `has a node ${JSON.stringify(id)} whose text or metadata are none`);
    }
    nodes.set(id, { text, metadata });
  }
  return nodes;
}

/** Nodes are objects, or objects written as JSON once more. */
function nodeData(data: unknown): Record<string, unknown> | undefined {
  if (typeof data !== "string") return isObject(data) ? data : undefined;
  try {
    const parsed: unknown = JSON.parse(data);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function vectorFrom(file: SourceFile, id: string, value: unknown): Float32Array {
  if (Array.isArray(value) && value.every((component) => typeof component === "number"))
    return Float32Array.from(value);
  return refuse(file, "FORMAT", `has something else than a list of numbers for node ${JSON.stringify(id)}`);
}

function without(object: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}
