import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type OpenOptions, Thermocline } from "@thermocline/core";
import { afterAll, expect, it } from "vitest";
import { FORMAT_VERSION } from "../packages/core/src/catalogue/header.js";
import { records, vectors } from "./support/synthetic.js";

/*
 * A file of every version of the format, as the Thermocline of that version wrote it, and what it answered. Written by:
 * GOLDEN=write npx vitest run tests/format-versions.test.ts, which writes those of the current version only.
 */
const golden = new URL("golden/", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "thermocline-golden-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DIM = 12;
const KINDS: Readonly<Record<string, OpenOptions>> = {
  eigen: { dim: DIM, cold: { bytes: 6 } },
  fourier: { dim: DIM, metric: "dot", originals: "none", cold: { codec: "fourier", bytes: 9 } },
};

/** A store with something of everything that the format has. */
async function write(file: string, options: OpenOptions): Promise<void> {
  const store = await Thermocline.open({ path: file, ...options });
  await store.upsert(
    records(80, DIM).map((record) => ({
      ...record,
      text: record.metadata.n % 3 === 0 ? `${record.text}\0 é 😀` : undefined,
      metadata: {
        ...record.metadata,
        "a.b": { tags: ["x", `t${record.metadata.n % 4}`, null], at: new Date(0).toJSON() },
      },
    })),
  );
  await store.upsert(records(30, DIM, 2), { namespace: "other ☃" });
  await store.upsert([
    { id: "plain", text: "no vector", metadata: { n: 1 } },
    { id: "fleeting", expiresAt: 8e15 },
  ]);
  await store.demote({ filter: { even: true } });
  await store.demote({ filter: { n: { $lt: 10 } } }, { namespace: "other ☃" });
  await store.upsert(records(6, DIM, 3));
  await store.delete({ ids: ["r10", "r11", "r12"] });
  await store.backup(`${file}.copy`);
  await store.close();
}

/** What callers see of it, as JSON has it. */
async function answers(file: string): Promise<unknown> {
  const store = await Thermocline.open({ path: file });
  const all = [];
  for (const { name: namespace, ...counts } of await store.namespaces()) {
    const listed = [];
    for await (const record of store.list({ namespace, includeVectors: true })) {
      listed.push({ ...record, vector: record.vector && [...record.vector] });
    }
    const found = [];
    for (const vector of vectors(3, DIM, 9)) {
      for (const filter of [undefined, { even: true }, { "a\\.b.tags": "t1" }]) {
        const hits = await store.query({ vector, k: 12, namespace, ...(filter && { filter }) });
        found.push(hits.map(({ id, score, tier }) => ({ id, score, tier })));
      }
    }
    all.push({ namespace, counts, listed, found });
  }
  const { dim, metric, originals, codebook } = store.stats();
  await store.close();
  return JSON.parse(JSON.stringify({ dim, metric, originals, codebook, all }));
}

if (process.env.GOLDEN === "write") {
  for (const [kind, options] of Object.entries(KINDS)) {
    const file = join(folder, `written-${kind}.db`);
    await write(file, options);
    const name = `store-v${FORMAT_VERSION}-${kind}`;
    writeFileSync(new URL(`${name}.db.gz`, golden), gzipSync(readFileSync(`${file}.copy`), { level: 9 }));
    const expected = gzipSync(JSON.stringify(await answers(`${file}.copy`)), { level: 9 });
    writeFileSync(new URL(`${name}.json.gz`, golden), expected);
  }
}

const files = readdirSync(golden).filter((name) => name.endsWith(".db.gz"));

it.each(Object.keys(KINDS))("the current version of the format has a golden file: %s", (kind) => {
  expect(existsSync(new URL(`store-v${FORMAT_VERSION}-${kind}.db.gz`, golden))).toBe(true);
});

it.each(files)("%s is sound, and gives the answers that were recorded", async (name) => {
  const file = join(folder, name.replace(/\.gz$/, ""));
  writeFileSync(file, gunzipSync(readFileSync(new URL(name, golden))));
  expect(await Thermocline.verify(file)).toMatchObject({ ok: true, records: 109 });
  const expected = gunzipSync(readFileSync(new URL(name.replace(/\.db\.gz$/, ".json.gz"), golden))).toString();
  expect(await answers(file)).toEqual(JSON.parse(expected));
});
