import type { DocumentInterface } from "@langchain/core/documents";
import { inDirectory, type SourceFile, withFile } from "../directory.js";
import { hnswlibPoints } from "./hnswlib-index.js";
import { jsonItems } from "./json-items.js";
import { documentFrom, isObject, type Moved } from "./moved.js";
import { type Moving, Reading, refuse } from "./source.js";

const METRICS = { cosine: "cosine", ip: "dot", l2: "euclidean" } as const;

/** What LangChain's `HNSWLib.save` wrote into a directory: the index, the documents by label, and the kind of space. */
export async function readHNSWLib(directory: string, moving: Moving): Promise<Moved> {
  return withFile(inDirectory(directory, "args.json"), (args) =>
    withFile(inDirectory(directory, "docstore.json"), (docstore) =>
      withFile(inDirectory(directory, "hnswlib.index"), async (index) => {
        const reading = new Reading([args, docstore, index], moving);
        const { metric, dim } = await spaceOf(args, reading);
        const documents = await documentsOf(docstore, reading);
        const moved: Moved = { documents: [], vectors: [], ids: [], metric };
        for await (const { label, vector } of hnswlibPoints(index, dim, reading)) {
          const document = documents.get(label);
          documents.delete(label);
          if (!vector) continue;
          if (!document)
            refuse(docstore, "CORRUPT", `has no document for label ${label} of the index, or the index has it twice`);
          moved.documents.push(document);
          moved.vectors.push(vector);
          moved.ids.push(undefined);
        }
        const [orphan] = documents.keys();
        if (orphan !== undefined) refuse(docstore, "CORRUPT", `has a document ${orphan} that the index does not know`);
        return moved;
      }),
    ),
  );
}

async function spaceOf(args: SourceFile, reading: Reading) {
  const found = new Map<string, unknown>();
  for await (const { path, value } of jsonItems(args, 1, reading)) found.set(path.join(), value);
  const [space, dim] = [found.get("space"), found.get("numDimensions")];
  if (typeof space !== "string" || !Object.hasOwn(METRICS, space)) {
    return refuse(args, "FORMAT", `has no space that is cosine, ip or l2`);
  }
  if (typeof dim !== "number" || !Number.isInteger(dim) || dim < 1) {
    return refuse(args, "FORMAT", `has no numDimensions that is a whole number from 1`);
  }
  return { metric: METRICS[space as keyof typeof METRICS], dim };
}

async function documentsOf(docstore: SourceFile, reading: Reading): Promise<Map<number, DocumentInterface>> {
  const documents = new Map<number, DocumentInterface>();
  for await (const { path, value } of jsonItems(docstore, 1, reading)) {
    const [key, document] = Array.isArray(value) ? value : [];
    const label = typeof key === "string" && /^\d+$/.test(key) ? Number(key) : undefined;
    if (label === undefined || !isObject(document)) {
      return refuse(docstore, "FORMAT", `has something else than a label with a document as entry ${path.join()}`);
    }
    documents.set(label, documentFrom(document, `Document ${label} of ${docstore.path}`));
  }
  return documents;
}
