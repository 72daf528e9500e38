import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { files, root } from "../../../scripts/files.mjs";
import type { SpeedCase } from "./cases.js";
import { CONTENDERS } from "./contenders.js";
import type { Dataset } from "./dataset.js";
import { carriedOut } from "./processes.js";

/** What was built for a case: where it lies and how long it took, which is null where there is nothing to build. */
export interface Built {
  readonly folder: string;
  readonly seconds: number | null;
}

/**
 * What a case opens: made once by a process of its own, and made anew when its data, settings, version, or the code that
 * writes ours has changed. What it was before is removed.
 */
export async function builtFor(
  test: SpeedCase,
  dataset: Dataset,
  { cache, version }: { readonly cache: string; readonly version: string },
): Promise<Built> {
  const { files: kept } = CONTENDERS[test.contender];
  if (kept === null) return { folder: cache, seconds: null };
  const settings = Object.entries(test.build).flatMap(([key, value]) => (value === null ? [] : [`${key}-${value}`]));
  const name = [test.dataset, kept, ...settings]
    .join("-")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  const inputs = JSON.stringify([dataset.digest, version, test.build, kept === "thermocline" ? ourDigest() : null]);
  const all = path.join(cache, "built");
  const folder = path.join(all, `${name}.${createHash("sha256").update(inputs).digest("hex").slice(0, 12)}`);
  const about = path.join(folder, "built.json");
  if (existsSync(about)) return { ...JSON.parse(await readFile(about, "utf8")), folder };

  await mkdir(all, { recursive: true });
  for (const old of await readdir(all)) {
    if (old.startsWith(`${name}.`)) await rm(path.join(all, old), { recursive: true, force: true });
  }
  const part = `${folder}.part`;
  await mkdir(part);
  const order = { ...test, phase: "build", dataset, folder: part, query: {}, threads: 1, seconds: 0 } as const;
  const { seconds } = await carriedOut(order);
  await writeFile(path.join(part, "built.json"), JSON.stringify({ seconds }));
  await rename(part, folder);
  return { folder, seconds };
}

let digest: string | undefined;

/** Of all that decides what a store of ours has in its file. */
function ourDigest(): string {
  if (digest === undefined) {
    const hash = createHash("sha256");
    for (const folder of ["native/kernel/src/", "packages/core/src/"]) {
      for (const file of files(folder)) hash.update(file).update(readFileSync(root + file));
    }
    digest = hash.digest("hex");
  }
  return digest;
}
