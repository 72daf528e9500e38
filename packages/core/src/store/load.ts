import { Pace } from "../catalogue/pace.js";
import { ThermoclineError } from "../errors.js";
import type { Codec } from "../kernel/kernel.js";
import { type Engine, partitionOf, scored } from "./engine.js";
import { decodeOriginal } from "./original.js";

/** Hot rows read at a time. */
const PAGE = 1_024;

/** Fills the tiers in RAM from the catalogue, anew. Damaged data are an error, and then nothing is to be used. */
export async function loadTiers(engine: Engine): Promise<void> {
  const { catalogue } = engine;
  engine.partitions.clear();
  engine.namespaces.clear();
  engine.heat.clear();
  for (const { number, name } of catalogue.reader.namespaces()) engine.namespaces.set(name, number);
  const dim = engine.dim;
  if (dim === undefined) return;
  await loadCold(engine, dim, loadCodebooks(engine));
  await loadHot(engine, dim);
}

function loadCodebooks(engine: Engine): ReadonlyMap<number, Codec> {
  const codecs = new Map<number, Codec>();
  engine.codebook = undefined;
  for (const { number, sampleRows, codebook } of engine.catalogue.reader.codebooks()) {
    const codec = engine.kernel.codec(codebook);
    codecs.set(number, codec);
    engine.codebook = { number, codec, bytes: codebook.length, sampleRows };
  }
  return codecs;
}

async function loadCold(engine: Engine, dim: number, codecs: ReadonlyMap<number, Codec>): Promise<void> {
  const pace = new Pace();
  for (const number of engine.catalogue.reader.blockNumbers()) {
    const { block, namespace, codebook, rows, codes, live } = engine.catalogue.reader.block(number);
    const codec = codecs.get(codebook);
    if (!codec) {
      throw new ThermoclineError("CORRUPT", `Code block ${block} needs codebook ${codebook}, which is missing.`);
    }
    partitionOf(engine, namespace, dim).setBlock(block, codec, rows, codes, live);
    if (pace.due) await pace.pause();
  }
}

async function loadHot(engine: Engine, dim: number): Promise<void> {
  const pace = new Pace();
  const { reader } = engine.catalogue;
  for (let page = reader.hotRows(0, PAGE); page.length > 0; page = reader.hotRows(page.at(-1)?.row ?? 0, PAGE)) {
    for (const { row, namespace } of page) {
      const original = reader.original(row);
      if (!original) throw new ThermoclineError("CORRUPT", `Row ${row} is hot but its vector is missing.`);
      const vector = decodeOriginal(engine.kernel, dim, original);
      partitionOf(engine, namespace, dim).putHot(Uint32Array.of(row), scored(engine, vector, dim));
      engine.heat.touch(row);
      if (pace.due) await pace.pause();
    }
  }
}
