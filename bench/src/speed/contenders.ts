import type { Contender } from "./contender.js";

/** How a contender is reached: a module of ours, one of the peers' package, or an engine of `bench/peers/measure.py`. */
interface Source {
  /** Whose version a row shows: an npm package, a Python package, or null for what is in this repository. */
  readonly package: string | null;
  readonly load: (() => Promise<Contender>) | "python";
  /** What it keeps on disk goes by this name; null where it keeps nothing. */
  readonly files: string | null;
}

function peer(name: string, module: () => Promise<{ readonly contender: Contender }>): Source {
  return { package: name, load: async () => (await module()).contender, files: name };
}

/** What a case calls a contender. */
export type ContenderName =
  | "loop"
  | "memory"
  | "thermocline"
  | "thermocline-kernel"
  | "hnswlib"
  | "usearch"
  | "lancedb"
  | "zvec"
  | "sqlite-vec"
  | "faiss"
  | "turbovec";

/** Every contender; what is measured of each is in `cases.ts`. */
export const CONTENDERS: Readonly<Record<ContenderName, Source>> = {
  loop: { package: null, load: async () => (await import("./contenders/loop.js")).loop, files: null },
  memory: {
    package: "@langchain/classic",
    load: async () => (await import("./contenders/memory.js")).memory,
    files: null,
  },
  thermocline: {
    package: null,
    load: async () => (await import("./contenders/thermocline.js")).thermocline,
    files: "thermocline",
  },
  "thermocline-kernel": {
    package: null,
    load: async () => (await import("./contenders/thermocline.js")).thermoclineKernel,
    files: "thermocline",
  },
  hnswlib: peer("hnswlib-node", () => import("../../peers/src/hnswlib.js")),
  usearch: peer("usearch", () => import("../../peers/src/usearch.js")),
  lancedb: peer("@lancedb/lancedb", () => import("../../peers/src/lancedb.js")),
  zvec: peer("@zvec/zvec", () => import("../../peers/src/zvec.js")),
  "sqlite-vec": peer("sqlite-vec", () => import("../../peers/src/sqlite-vec.js")),
  faiss: { package: "faiss-cpu", load: "python", files: "faiss" },
  turbovec: { package: "turbovec", load: "python", files: "turbovec" },
};

/** The contender behind a name, for a process of Node. */
export async function loadContender(name: ContenderName): Promise<Contender> {
  const { load } = CONTENDERS[name];
  if (load === "python") throw new Error(`${name} runs in Python`);
  return load();
}
