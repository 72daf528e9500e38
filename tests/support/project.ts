import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../../scripts/files.mjs";
import { run } from "../../scripts/run.mjs";
import { answerOf } from "./program.js";

/** An empty project into which packages are installed as their users do. */
export class Project {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** With the files of `tests/install/programs` and others, by path; packages of ours come from `registry`. */
  static async make(registry: string, files: Readonly<Record<string, string>> = {}): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), "thermocline-project-")));
    await project.write("package.json", '{ "private": true, "type": "module" }');
    await project.write(".npmrc", `@thermocline:registry=${registry}\naudit=false\nfund=false\n`);
    await cp(`${root}tests/install/programs`, project.folder, { recursive: true });
    for (const [path, text] of Object.entries(files)) await project.write(path, text);
    return project;
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(path)), { recursive: true });
    await writeFile(this.path(path), text);
  }

  /** `npm install` without scripts of packages, ours having none; options go to npm. */
  async install(...packages: readonly string[]): Promise<void> {
    await run("npm", ["install", "--ignore-scripts", "--prefer-offline", ...packages], { cwd: this.folder });
  }

  /** The packages of ours that were installed. */
  async installed(): Promise<string[]> {
    return (await readdir(this.path("node_modules/@thermocline"))).sort();
  }

  /** Runs a program that a package has brought. */
  async tool(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<void> {
    const variables = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production", ...env };
    await run(this.path("node_modules/.bin", name), args, { cwd: this.folder, env: variables });
  }

  /** What Node prints last, as JSON. */
  node(program: string, env: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return answerOf(process.execPath, [program], { cwd: this.folder, env });
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
