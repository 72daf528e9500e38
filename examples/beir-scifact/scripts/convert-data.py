"""Makes data/ from a BEIR SciFact folder with precomputed embeddings, and checks that float16 costs nothing.

usage: python convert-data.py SOURCE        (needs numpy)

SOURCE holds corpus.jsonl.gz, queries-test.jsonl, qrels-test.tsv and minilm/{documents.npy, document-ids.json,
queries-test.npy, query-ids-test.json}: float32 vectors, one row an id. Rows are written in the order of the text files,
so the ids need no file of their own.
"""

import csv
import gzip
import json
import sys
from pathlib import Path

import numpy as np

TARGET = Path(__file__).resolve().parent.parent / "data"


def main(source: Path) -> None:
    documents = np.load(source / "minilm/documents.npy")
    queries = np.load(source / "minilm/queries-test.npy")
    document_ids = json.loads((source / "minilm/document-ids.json").read_text())
    query_ids = json.loads((source / "minilm/query-ids-test.json").read_text())
    corpus = gzip.decompress((source / "corpus.jsonl.gz").read_bytes())
    claims = (source / "queries-test.jsonl").read_bytes()
    qrels = (source / "qrels-test.tsv").read_bytes()
    for ids, text in ((document_ids, corpus), (query_ids, claims)):
        if ids != [json.loads(line)["_id"] for line in text.splitlines()]:
            sys.exit("the rows of the vectors are not in the order of the text")

    half_documents, half_queries = documents.astype("<f2"), queries.astype("<f2")
    relevance: dict[str, dict[str, int]] = {}
    for row in csv.DictReader(qrels.decode().splitlines(), delimiter="\t"):
        relevance.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    whole = ranking(documents, queries)
    half = ranking(half_documents, half_queries)
    print(f"nDCG@10 of brute force: float32 {ndcg(whole, relevance, document_ids, query_ids):.4f}, "
          f"float16 {ndcg(half, relevance, document_ids, query_ids):.4f}; "
          f"the same ten in the same order for {(whole == half).all(axis=1).sum()} of {len(queries)} queries")

    TARGET.mkdir(exist_ok=True)
    np.save(TARGET / "documents.f16.npy", half_documents)
    np.save(TARGET / "queries.f16.npy", half_queries)
    # mtime=0: the same input gives the same bytes.
    (TARGET / "corpus.jsonl.gz").write_bytes(gzip.compress(corpus, 9, mtime=0))
    (TARGET / "queries.jsonl").write_bytes(claims)
    (TARGET / "qrels.tsv").write_bytes(qrels)


def ranking(documents: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The ten rows of highest cosine for each query, ties by row."""
    return np.argsort(-(unit(queries) @ unit(documents).T), axis=1, kind="stable")[:, :10]


def unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype("f8")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def ndcg(
    rows: np.ndarray, relevance: dict[str, dict[str, int]], document_ids: list[str], query_ids: list[str]
) -> float:
    """The mean nDCG@10 of the rows found."""

    def gain(grades: list[int]) -> float:
        return sum(grade / np.log2(rank + 2) for rank, grade in enumerate(grades))

    return float(np.mean([
        gain([relevance[query].get(document_ids[row], 0) for row in found])
        / gain(sorted(relevance[query].values(), reverse=True)[:10])
        for found, query in zip(rows, query_ids)
    ]))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
