import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../../scripts/files.mjs";
import { pack } from "../../scripts/pack.mjs";
import type { Manifest } from "../../scripts/package-contents.mjs";
import { run } from "../../scripts/run.mjs";

type Tarball = Awaited<ReturnType<typeof pack>>[number];

/** A package as somebody gets it. */
export interface Unpacked extends Tarball {
  readonly manifest: Manifest;
  readonly folder: string;
}

/**
 * All packages packed, and unpacked again below `folder`, beside what this repository has installed of others. So a program in
 * `folder` runs as in a project that has them all, and nothing is downloaded.
 */
export class Packed {
  readonly folder: string;
  readonly packages: readonly Unpacked[];

  private constructor(folder: string, packages: readonly Unpacked[]) {
    this.folder = folder;
    this.packages = packages;
  }

  /** `everyPlatform` puts something in the place of the addons that are not built here, so that a package is there for each. */
  static async make({ everyPlatform = false } = {}): Promise<Packed> {
    const folder = await mkdtemp(join(tmpdir(), "thermocline-packed-"));
    const packages: Unpacked[] = [];
    const addons = `${root}native/node`;
    if (everyPlatform) await cp(addons, join(folder, "addons"), { recursive: true, filter: isAddon(addons) });
    if (everyPlatform) for (const name of PLATFORMS) await standIn(join(folder, "addons", `thermocline.${name}.node`));
    const options = everyPlatform ? { addons: join(folder, "addons"), release: true } : {};
    for (const tarball of await pack(join(folder, "tarballs"), options)) {
      const target = join(folder, "node_modules", tarball.name);
      await mkdir(target, { recursive: true });
      await run("tar", ["-xzf", tarball.file, "-C", target, "--strip-components=1"]);
      const manifest: Manifest = JSON.parse(await readFile(join(target, "package.json"), "utf8"));
      packages.push({ ...tarball, folder: target, manifest });
    }
    const ours = (await readdir(`${root}packages`)).map((name) => `packages/${name}`);
    for (const member of [...ours, "tests", "."]) await linkAll(`${root}${member}/node_modules`, folder);
    return new Packed(folder, packages);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** The platforms of which a release has an addon. */
export const PLATFORMS = [
  ...["darwin-arm64", "darwin-x64", "linux-arm64-gnu", "linux-arm64-musl", "linux-x64-gnu", "linux-x64-musl"],
  "win32-x64-msvc",
];

const isAddon = (folder: string) => (path: string) => path === folder || path.endsWith(".node");

async function standIn(file: string): Promise<void> {
  await writeFile(file, "built elsewhere", { flag: "wx" }).catch(() => {});
}

/** Links the packages in `from`, but ours, that `folder` does not have yet. */
async function linkAll(from: string, folder: string): Promise<void> {
  if (!existsSync(from)) return;
  for (const first of await readdir(from)) {
    if (first.startsWith(".") || first === "@thermocline") continue;
    const names = first.startsWith("@")
      ? (await readdir(join(from, first))).map((second) => `${first}/${second}`)
      : [first];
    for (const name of names) {
      const target = join(folder, "node_modules", name);
      if (existsSync(target)) continue;
      await mkdir(dirname(target), { recursive: true });
      await symlink(join(from, name), target, "junction");
    }
  }
}

/** How a package is imported: each entry that is a program, and whether `require` has a build of its own. */
export function entriesOf({
  name,
  exports,
}: Manifest): readonly { readonly specifier: string; readonly cjs: boolean }[] {
  return Object.entries((exports ?? {}) as Readonly<Record<string, unknown>>)
    .filter(([path]) => !/\.(json|wasm)$/.test(path))
    .map(([path, target]) => ({
      specifier: name + path.slice(1),
      cjs: typeof target === "object" && target !== null && "require" in target,
    }));
}
