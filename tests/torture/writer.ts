// A process that writes until it is killed. It takes one line of input, a task; it says what it does on its output.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Selection, Thermocline } from "@thermocline/core";
import { IDS, type Line, type Operation, random, recordOf, TAGS, type Task } from "./log.js";

const say = (line: Line) => writeSync(1, `${JSON.stringify(line)}\n`);

/** Calls that later versions may have. */
type Promoting = Thermocline & { promote?(selection: Selection, options?: object): Promise<number> };

class Writer {
  readonly #store: Promoting;
  readonly #task: Task;
  readonly #next: () => number;
  /** Moves under way, by name: one of each at a time, beside the writes. */
  readonly #moves = new Set<string>();
  #calls = 0;
  #namespaces: string[];

  constructor(store: Promoting, task: Task, namespaces: string[]) {
    this.#store = store;
    this.#task = task;
    this.#next = random(task.seed);
    this.#namespaces = namespaces;
  }

  async run(): Promise<never> {
    for (;;) {
      if (this.#next() < 0.3) this.#move();
      const operation = this.#operation();
      say({ begin: operation });
      await this.#do(operation);
      say({ acknowledged: true });
    }
  }

  #integer(below: number): number {
    return Math.floor(this.#next() * below);
  }

  #operation(): Operation {
    this.#calls += 1;
    const namespace = this.#namespaces[this.#integer(this.#namespaces.length)] ?? `${this.#task.name}-0`;
    const ids = [...new Set(Array.from({ length: 1 + this.#integer(60) }, () => this.#integer(IDS)))];
    const kind = this.#next();
    if (this.#namespaces.length === 0 || kind < 0.6) {
      if (this.#namespaces.length === 0) this.#namespaces.push(namespace);
      return { call: "upsert", namespace, ids, seed: this.#integer(2 ** 24) };
    }
    if (kind < 0.85) return { call: "delete", namespace, ids: ids.slice(0, 20) };
    if (kind < 0.95) return { call: "deleteTag", namespace, tag: this.#integer(TAGS) };
    if (this.#namespaces.length < 3) {
      const target = `${this.#task.name}-${this.#task.seed}-${this.#calls}`;
      this.#namespaces.push(target);
      return { call: "copyNamespace", namespace, target };
    }
    this.#namespaces = this.#namespaces.filter((other) => other !== namespace);
    return { call: "dropNamespace", namespace };
  }

  async #do(operation: Operation): Promise<unknown> {
    const store = this.#store;
    const { namespace } = operation;
    switch (operation.call) {
      case "upsert":
        return store.upsert(
          operation.ids.map((id) => recordOf(id, operation.seed)),
          { namespace },
        );
      case "delete":
        return store.delete({ ids: operation.ids.map((id) => `r${id}`) }, { namespace });
      case "deleteTag":
        return store.delete({ filter: { tag: operation.tag } }, { namespace });
      case "copyNamespace":
        return store.copyNamespace(namespace, operation.target);
      case "dropNamespace":
        return store.dropNamespace(namespace);
    }
  }

  /** Begins what changes where rows lie and how they are coded, and not what they are. */
  #move(): void {
    const store = this.#store;
    const namespace = this.#namespaces[this.#integer(this.#namespaces.length)];
    if (namespace === undefined || store.stats().records === 0) return;
    const filter = { tag: { $in: Array.from({ length: TAGS }, (_, tag) => tag).filter(() => this.#next() < 0.5) } };
    const moves: Record<string, () => Promise<unknown>> = {
      demote: () => store.demote({ filter }, { namespace }),
      compact: () => store.compact(),
    };
    if (this.#task.options.originals !== "none") {
      moves.recalibrate = () => store.recalibrate({ sampleSize: 300 });
      if (store.promote) moves.promote = async () => store.promote?.({ filter }, { namespace });
    }
    const names = Object.keys(moves);
    const name = names[this.#integer(names.length)] ?? "demote";
    if (this.#moves.has(name)) return;
    this.#moves.add(name);
    moves[name]?.().then(
      () => {
        this.#moves.delete(name);
        say({ moved: name });
      },
      (error: unknown) => {
        // All rows may have been deleted by now.
        if (/nothing to calibrate on/.test(String(error))) this.#moves.delete(name);
        else say({ failed: `${name}: ${String(error)}` });
      },
    );
  }
}

say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line) as Task;
  try {
    const store: Promoting = await Thermocline.open({ path: task.path, ...task.options });
    const all = await store.namespaces();
    const own = all.map(({ name }) => name).filter((name) => name.startsWith(`${task.name}-`));
    say({ opened: true });
    await new Writer(store, task, own).run();
  } catch (error) {
    say({ failed: String(error) });
  }
}
