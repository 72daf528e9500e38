import { stat } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { bruteForce } from "../examples/beir-scifact/src/contenders/brute-force.js";
import { type Corpus, precomputedEmbeddings, prepareCorpus } from "../examples/beir-scifact/src/corpus.js";
import { DATA_FOLDER, type Dataset, loadDataset, parseQrels } from "../examples/beir-scifact/src/dataset.js";
import { runJob } from "../examples/beir-scifact/src/job.js";
import { halfToNumber, parseNpy, rowOf } from "../examples/beir-scifact/src/npy.js";

/** A `.npy` file of version 1.0 with this header dictionary and these data bytes. */
function npy(dictionary: string, data: ArrayBufferView): Uint8Array {
  const header = Buffer.from(`${dictionary}\n`, "latin1");
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat([Buffer.from("\u0093NUMPY\u0001\u0000", "latin1"), length, header, bytes]);
}

describe("NumPy files", () => {
  it("of float16 are read as the same numbers in float32", () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x8000, 0x7bff);
    const { rows, dim, values } = parseNpy(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", halves));
    expect([rows, dim]).toEqual([2, 3]);
    expect([...values]).toEqual([1, -2, 0.333251953125, 2 ** -24, -0, 65504]);
  });

  it("of float32 are read as they are, also where the bytes are not aligned", () => {
    const file = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", Float32Array.of(0.1, -7));
    const shifted = Buffer.concat([Buffer.alloc(1), file]).subarray(1);
    expect(rowOf(parseNpy(shifted), 0)).toEqual([Math.fround(0.1), -7]);
  });

  it.each([
    ["another kind of file", Buffer.from("PNG, say, and more"), /not a NumPy/],
    ["float64", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", new Float64Array(1)), /<f8/],
    [
      "Fortran order",
      npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", new Float32Array(1)),
      /C-ordered/,
    ],
    [
      "one dimension",
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", new Float32Array(1)),
      /\[n, d\]/,
    ],
    [
      "a cut file",
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", new Float32Array(3)),
      /16 bytes.* 12/,
    ],
  ])("of %s are refused with the reason", (_, bytes, reason) => {
    expect(() => parseNpy(bytes)).toThrow(reason);
  });

  it("know infinities and NaN of float16", () => {
    expect(halfToNumber(0x7c00)).toBe(Number.POSITIVE_INFINITY);
    expect(halfToNumber(0xfc00)).toBe(Number.NEGATIVE_INFINITY);
    expect(halfToNumber(0x7e00)).toBeNaN();
  });
});

describe("judgements", () => {
  it("are grouped by query", () => {
    const judgements = parseQrels("query-id\tcorpus-id\tscore\n1\t10\t1\n1\t11\t0\r\n2\t10\t2\n");
    expect(judgements).toEqual(
      new Map([
        [
          "1",
          new Map([
            ["10", 1],
            ["11", 0],
          ]),
        ],
        ["2", new Map([["10", 2]])],
      ]),
    );
  });

  it("that are not a table are refused", () => {
    expect(() => parseQrels("head\n1\t10\n")).toThrow('not a judgement: "1\t10"');
  });
});

describe("the data that ship with the example", () => {
  let dataset: Dataset;
  let corpus: Corpus;

  beforeAll(async () => {
    dataset = await loadDataset();
    corpus = prepareCorpus(dataset);
  });

  it("are SciFact's 5,183 abstracts and its 300 test claims with 339 judgements", () => {
    expect(dataset.abstracts).toHaveLength(5183);
    expect(dataset.claims).toHaveLength(300);
    expect(dataset.claims.reduce((sum, { relevance }) => sum + relevance.size, 0)).toBe(339);
    expect([dataset.abstractVectors.dim, dataset.claimVectors.dim]).toEqual([384, 384]);
  });

  it("judge only abstracts that are there", () => {
    const ids = new Set(dataset.abstracts.map(({ id }) => id));
    expect(ids.size).toBe(5183);
    expect(dataset.claims.every(({ relevance }) => [...relevance.keys()].every((id) => ids.has(id)))).toBe(true);
  });

  it("weigh less than 8 MB", async () => {
    const names = ["corpus.jsonl.gz", "queries.jsonl", "qrels.tsv", "documents.f16.npy", "queries.f16.npy"];
    const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(DATA_FOLDER, name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8_000_000);
  });

  it("give the published baseline by brute force", async () => {
    const [measurement] = await runJob(corpus, [bruteForce(corpus.dim)]);
    expect(measurement?.row).toMatchObject({
      name: "brute force float32",
      bytes: 1536,
      overlap10: 1,
      ramBytesPerRow: 1536,
    });
    expect(measurement?.row.ndcg10).toBeCloseTo(0.6451, 4);
    expect(measurement?.row.mrr10).toBeCloseTo(0.6047, 4);
    expect(measurement?.row.recall10).toBeCloseTo(0.7833, 4);
  });

  it("answer LangChain's embedding calls for the claims, and for nothing else", async () => {
    const embeddings = precomputedEmbeddings(corpus);
    expect(await embeddings.embedQuery(dataset.claims[7]?.text ?? "")).toEqual(rowOf(dataset.claimVectors, 7));
    await expect(embeddings.embedQuery("What is a thermocline?")).rejects.toThrow("embeds nothing");
  });
});

describe("the job", () => {
  const corpus: Corpus = {
    dim: 2,
    ids: Array.from({ length: 12 }, (_, row) => `row ${row}`),
    vectors: Array.from({ length: 12 }, (_, row) => [Math.cos(row / 10), Math.sin(row / 10)]),
    documents: [],
    questions: [{ id: "q", text: "q", relevance: new Map([["row 0", 1]]), vector: [1, 0], exact: [] }],
  };

  it("refuses a store that returns a document twice", async () => {
    const contender = bruteForce(2);
    const lying = {
      setting: contender.setting,
      open: () => ({
        ...contender.open({ rows: 12, file: "" }),
        store: {
          addVectors: async () => {},
          similaritySearchVectorWithScore: async () => Array.from({ length: 10 }, () => [{ id: "row 0" }, 1] as never),
        },
      }),
    };
    await expect(runJob(corpus, [lying])).rejects.toThrow("claim q: expected 10 different documents");
  });

  it("stops between two steps when its signal is aborted", async () => {
    await expect(runJob(corpus, [bruteForce(2)], { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  });

  it("keeps no databases in a folder that holds something", async () => {
    await expect(runJob(corpus, [], { keep: DATA_FOLDER })).rejects.toThrow("not empty");
  });
});
