import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";
import type { PageQuestion, RecordView, Source } from "@thermocline/inspector";
import { loadDataset } from "../../examples/beir-scifact/src/dataset.js";

/** Some of SciFact in a file, three quarters of it cold, its texts indexed. */
export async function scifactFile(rows: number): Promise<{ readonly path: string; readonly remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "thermocline-inspector-"));
  const path = join(folder, "scifact.db");
  const { abstracts, abstractVectors } = await loadDataset();
  const { dim, values } = abstractVectors;
  const store = await Thermocline.open({ path, dim, durability: "normal", cold: { bytes: 24, effort: "fast" } });
  const records = abstracts.slice(0, rows).map(({ id, title, text }, row) => ({
    id,
    vector: values.subarray(row * dim, (row + 1) * dim),
    text: `${title}\n${text}`,
    metadata: { row, words: text.split(" ").length, length: text.length < 1_400 ? "short" : "long" },
  }));
  await store.upsert(records);
  await store.demote({ filter: { row: { $gte: rows / 4 } } });
  await store.indexTexts();
  await store.close();
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A million records that are computed when they are asked for, behind the interface that stores are behind. */
export class Million implements Source {
  readonly rows = 1_000_000;
  /** What was asked for. */
  readonly asked: PageQuestion[] = [];
  readonly #of: Source;

  /** Everything but its records is of another source. */
  constructor(of: Source) {
    this.#of = of;
  }

  async describe() {
    const { stats, ...rest } = await this.#of.describe();
    const namespaces = [{ name: "default", records: this.rows, hot: this.rows, cold: 0, withoutVector: 0 }];
    return { ...rest, namespaces, stats: { ...stats, records: this.rows } };
  }

  async page(question: PageQuestion) {
    this.asked.push(question);
    const places = Array.from(
      { length: Math.min(question.limit, this.rows - question.offset) },
      (_, i) => question.offset + i,
    );
    return { total: this.rows, records: places.map((place) => this.#record(place)) };
  }

  async record({ id }: { readonly id: string }) {
    return this.#record(Number(id.slice("record-".length)));
  }

  spectrum: Source["spectrum"] = (signal) => this.#of.spectrum(signal);
  curve: Source["curve"] = (...question) => this.#of.curve(...question);
  search: Source["search"] = (...question) => this.#of.search(...question);

  #record(place: number): RecordView {
    return { id: `record-${place}`, tier: "hot", text: `the text of record ${place}`, metadata: { place } };
  }
}
