import { SyntheticEmbeddings } from "@langchain/core/utils/testing";
import { ThermoclineRecordManager, ThermoclineVectorStore } from "@thermocline/langchain";

interface MemoryRecord {
  readonly updatedAt: number;
  readonly groupId: string | null;
}

/** What a manager holds, for tests that look inside, and clear it there without waiting. */
class Records extends Map<string, MemoryRecord> {
  cleared = false;

  override clear(): void {
    super.clear();
    this.cleared = true;
  }
}

/**
 * Our record manager under the name of LangChain's own, in memory. It does not look for documents: the tests of the manager have none, and
 * one test of `index()` wants documents that were deleted behind its back to be taken for updated ones.
 */
export class InMemoryRecordManager extends ThermoclineRecordManager {
  readonly records = new Records();
  readonly #memory: ThermoclineVectorStore;

  constructor() {
    const memory = new ThermoclineVectorStore(new SyntheticEmbeddings({ vectorSize: 4 }), {});
    super(memory, { documents: false });
    this.#memory = memory;
  }

  override async update(...given: Parameters<ThermoclineRecordManager["update"]>): Promise<void> {
    await this.#settle();
    await super.update(...given);
    await this.#mirror();
  }

  override async exists(keys: string[]): Promise<boolean[]> {
    await this.#settle();
    return super.exists(keys);
  }

  override async listKeys(...given: Parameters<ThermoclineRecordManager["listKeys"]>): Promise<string[]> {
    await this.#settle();
    return super.listKeys(...given);
  }

  override async deleteKeys(keys: string[]): Promise<void> {
    await this.#settle();
    await super.deleteKeys(keys);
    await this.#mirror();
  }

  /** Does in the store what a test has done to `records`. */
  async #settle(): Promise<void> {
    if (!this.records.cleared) return;
    this.records.cleared = false;
    await super.deleteKeys(await super.listKeys());
  }

  async #mirror(): Promise<void> {
    const store = await this.#memory.thermocline();
    this.records.clear();
    this.records.cleared = false;
    // There are no documents, so whatever is there is a key.
    for (const { name: namespace } of await store.namespaces()) {
      for await (const { id, metadata } of store.list({ namespace })) {
        this.records.set(id, metadata as unknown as MemoryRecord);
      }
    }
  }
}
