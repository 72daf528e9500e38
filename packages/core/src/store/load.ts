import type { NamespaceRow } from "../catalogue/namespace-table.js";
import type { Reader } from "../catalogue/reader.js";
import { ThermoclineError } from "../errors.js";
import type { Codec, Partition } from "../kernel/kernel.js";
import { Pace } from "../pace.js";
import type { Codebook, Engine } from "./engine.js";
import { scoredOriginals } from "./original.js";
import { PlainRows } from "./plain-rows.js";
import { type Settings, withChosen } from "./settings.js";

/** Hot rows read at a time. */
const PAGE = 1_024;

/** What is loaded: it takes the place of the image in RAM when it is whole. */
export interface Image {
  readonly settings: Settings;
  readonly namespaces: readonly NamespaceRow[];
  readonly dim: number;
  readonly partitions: Map<number, Partition>;
  readonly plain: PlainRows;
  readonly hot: number[];
  readonly nextExpiry: number | undefined;
  /** Hot rows whose vectors are half floats in the file. */
  readonly halves: number[];
  readonly pinned: readonly number[];
  codebook: Codebook | undefined;
}

/** Makes the image in RAM anew from the catalogue. Damaged data are an error, and then the old image stays. */
export async function loadTiers(engine: Engine): Promise<void> {
  showImage(engine, await readImage(engine, engine.catalogue.reader));
}

/** Reads what is to be the image in RAM, of what is committed or of a transaction under way. */
export async function readImage(engine: Engine, reader: Reader): Promise<Image> {
  const stored = reader.settings();
  const image: Image = {
    settings: withChosen(engine.settings, stored),
    namespaces: reader.namespaces.all(),
    dim: Number(stored.get("dim") ?? 0),
    partitions: new Map(),
    plain: await PlainRows.read(reader),
    hot: [],
    nextExpiry: reader.nextExpiry(),
    halves: [],
    pinned: reader.pins(),
    codebook: undefined,
  };
  if (image.dim > 0) await fill(engine, reader, image);
  else if (reader.total() !== image.plain.count())
    throw new ThermoclineError("CORRUPT", "The setting dim is missing. Restore a backup.");
  return image;
}

/** Puts an image in the place of the one before, in one turn, so that no call sees half of it. */
export function showImage(engine: Engine, image: Image): void {
  engine.settings = image.settings;
  engine.dim = image.dim > 0 ? image.dim : undefined;
  engine.codebook = image.codebook;
  engine.namespaces.clear();
  for (const { number, name } of image.namespaces) engine.namespaces.set(name, number);
  engine.partitions.clear();
  for (const [number, partition] of image.partitions) engine.partitions.set(number, partition);
  engine.plain = image.plain;
  engine.heat.keep(image.hot, image.halves, image.pinned);
  engine.expiry.begin(image.nextExpiry);
  engine.indexes.forget();
}

async function fill(engine: Engine, reader: Reader, image: Image): Promise<void> {
  try {
    await loadCold(engine, reader, image, loadCodebooks(engine, reader, image));
    await loadHot(engine, reader, image);
    const coldRows = [...image.partitions.values()].reduce((sum, partition) => sum + partition.count().cold, 0);
    const rows = image.hot.length + coldRows + image.plain.count();
    const total = reader.total();
    if (rows !== total) {
      throw new ThermoclineError("CORRUPT", `This store has ${total} records but ${rows} rows. Restore a backup.`);
    }
  } catch (cause) {
    // What the kernel refuses is sound in itself, or its checksum would not match.
    if (!(cause instanceof ThermoclineError) || cause.code !== "KERNEL") throw cause;
    const what = "The codebooks, blocks and settings of this store contradict each other";
    throw new ThermoclineError("CORRUPT", `${what}. Restore a backup.`, { cause });
  }
}

function partitionIn(engine: Engine, image: Image, namespace: number): Partition {
  const partition = image.partitions.get(namespace) ?? engine.kernel.partition(image.dim, engine.settings.metric);
  image.partitions.set(namespace, partition);
  return partition;
}

function loadCodebooks(engine: Engine, reader: Reader, image: Image): ReadonlyMap<number, Codec> {
  const codecs = new Map<number, Codec>();
  for (const { number, sampleRows, queries, codebook, fit } of reader.codebooks.all()) {
    const codec = engine.kernel.codec(codebook);
    codecs.set(number, codec);
    image.codebook = { number, codec, bytes: codebook.length, sampleRows, queries, fit };
  }
  return codecs;
}

async function loadCold(
  engine: Engine,
  reader: Reader,
  image: Image,
  codecs: ReadonlyMap<number, Codec>,
): Promise<void> {
  const pace = new Pace();
  for (const number of reader.blocks.numbers()) {
    const { block, namespace, codebook, rows, codes, live } = reader.blocks.get(number);
    const codec = codecs.get(codebook);
    if (!codec) {
      throw new ThermoclineError("CORRUPT", `Code block ${block} needs codebook ${codebook}, which is missing.`);
    }
    partitionIn(engine, image, namespace).setBlock(block, codec, rows, codes, live);
    if (pace.due) await pace.pause();
  }
}

async function loadHot(engine: Engine, reader: Reader, image: Image): Promise<void> {
  const pace = new Pace();
  for (let page = reader.hotRows(0, PAGE); page.length > 0; page = reader.hotRows(page.at(-1)?.row ?? 0, PAGE)) {
    for (const { row, namespace } of page) {
      const original = reader.original(row);
      if (!original) throw new ThermoclineError("CORRUPT", `Row ${row} is hot but its vector is missing.`);
      const { kernel, settings } = engine;
      const vector = scoredOriginals(kernel, settings.metric, image.dim, [original]);
      partitionIn(engine, image, namespace).putHot(Uint32Array.of(row), vector);
      image.hot.push(row);
      if (original.bits === 16) image.halves.push(row);
      if (pace.due) await pace.pause();
    }
  }
}
