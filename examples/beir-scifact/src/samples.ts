import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { Tier } from "@thermocline/core";
import { ThermoclineVectorStore } from "@thermocline/langchain";
import type { Corpus } from "./corpus.js";

/** Claims that a reader outside the laboratory understands, and whose answers lie in both tiers. */
const CLAIMS = ["539", "921", "1262"];
const HOT_ROWS = 1000;
const HITS = 3;

/** One answer to a sample question. */
export interface SampleHit {
  readonly title: string;
  readonly score: number;
  readonly tier: Tier | "none";
  /** Whether the judges found this abstract relevant to the claim. */
  readonly relevant: boolean;
}

/** A question and its best answers. */
export interface Sample {
  readonly claim: string;
  readonly hits: readonly SampleHit[];
}

/** The samples, and how many rows each tier of the answering store held. */
export interface Samples {
  readonly hotRows: number;
  readonly coldRows: number;
  readonly samples: readonly Sample[];
}

/** Asks a small store, in memory, whose older rows went to the cold tier by themselves because the hot one was full. */
export async function askSamples(corpus: Corpus, embeddings: EmbeddingsInterface): Promise<Samples> {
  const store = new ThermoclineVectorStore(embeddings, {
    hot: { capacity: HOT_ROWS },
    cold: { codec: "eigen", bytes: 24 },
    originals: "float16",
  });
  await store.addVectors([...corpus.vectors], [...corpus.documents], { ids: [...corpus.ids] });
  const core = await store.thermocline();
  try {
    await core.settled();
    const samples: Sample[] = [];
    for (const { text, vector, relevance } of corpus.questions.filter(({ id }) => CLAIMS.includes(id))) {
      const hits = await core.query({ vector, k: HITS });
      samples.push({
        claim: text,
        hits: hits.map(({ id, metadata, score, tier }) => ({
          title: String(metadata.title),
          score,
          tier,
          relevant: (relevance.get(id) ?? 0) > 0,
        })),
      });
    }
    const { hot, cold } = core.stats();
    return { hotRows: hot.rows, coldRows: cold.rows, samples };
  } finally {
    await core.close();
  }
}
