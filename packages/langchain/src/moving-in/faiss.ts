import type { DocumentInterface } from "@langchain/core/documents";
import { inDirectory, type SourceFile, withFile } from "../directory.js";
import { faissVectors } from "./faiss-index.js";
import { jsonItems } from "./json-items.js";
import { documentFrom, type Moved } from "./moved.js";
import { type Moving, Reading, refuse } from "./source.js";

/** What LangChain's `FaissStore.save` wrote into a directory: the index, the documents by id, and the id of each label. */
export async function readFaiss(directory: string, moving: Moving): Promise<Moved> {
  return withFile(inDirectory(directory, "docstore.json"), (docstore) =>
    withFile(inDirectory(directory, "faiss.index"), async (index) => {
      const reading = new Reading([docstore, index], moving);
      const { documents, idOf } = await docstoreOf(docstore, reading);
      const { metric, vectors, labels } = await faissVectors(index, reading);
      const moved: Moved = { documents: [], vectors, ids: [], metric };
      for (const place of vectors.keys()) {
        const label = labels?.[place] ?? place;
        const id = idOf.get(label);
        const document = id === undefined ? undefined : documents.get(id);
        if (!document) return refuse(docstore, "CORRUPT", `has no document for label ${label} of the index`);
        moved.documents.push(document);
        moved.ids.push(id);
        if (reading.pace.due) await reading.pace.pause();
      }
      return moved;
    }),
  );
}

/** A list of two: the documents as pairs of id and document, and an object of the ids by label. */
async function docstoreOf(docstore: SourceFile, reading: Reading) {
  const documents = new Map<string, DocumentInterface>();
  const idOf = new Map<number, string>();
  for await (const { path, value } of jsonItems(docstore, 2, reading)) {
    const [half, key] = path;
    const [id, document] = Array.isArray(value) ? value : [];
    if (half === 0 && typeof key === "number" && typeof id === "string") {
      documents.set(id, documentFrom(document, `Document ${JSON.stringify(id)} of ${docstore.path}`));
    } else if (half === 1 && typeof key === "string" && /^\d+$/.test(key) && typeof value === "string") {
      idOf.set(Number(key), value);
    } else {
      return refuse(
        docstore,
        "FORMAT",
        `has something else than documents and their ids at ${path.join(", ") || "its root"}`,
      );
    }
  }
  return { documents, idOf };
}
