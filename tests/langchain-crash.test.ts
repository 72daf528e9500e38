import type { DocumentInterface } from "@langchain/core/documents";
import { Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { killedAfter } from "./support/killed.js";
import { book, textsOf } from "./support/langchain-editions.js";
import { bench } from "./support/stores.js";

const { path } = bench("on file");

describe("an index whose process is killed while it is brought up to date", () => {
  it.each([30, 90, 200])(
    "is whole after the next run, which the one after it has nothing to add to (%d ms)",
    async (delay) => {
      const file = path("book.db");
      const done = await killedAfter("child-langchain.ts", file, delay);
      expect((await Thermocline.verify(file)).ok).toBe(true);

      const { vectorStore, recordManager, bringTo } = book(file);
      const keys = await recordManager.listKeys();
      const documents = await vectorStore.getByIds(keys);
      expect(keys.length).toBeGreaterThan(0);
      // Documents are deleted before their keys, so a run may end in between; what is listed then does not exist.
      const exist = await recordManager.exists(keys);
      expect(documents.map(({ id }) => id).sort()).toEqual(keys.filter((_, i) => exist[i]).sort());

      await bringTo(done + 5);
      const listed: DocumentInterface[] = [];
      for await (const document of vectorStore.list()) listed.push(document);
      expect(listed.map(({ pageContent }) => pageContent).sort()).toEqual(textsOf(done + 5).sort());
      expect((await recordManager.listKeys()).sort()).toEqual(listed.map(({ id }) => id).sort());
      expect(await bringTo(done + 5)).toMatchObject({ numAdded: 0, numDeleted: 0, numSkipped: listed.length });
      await vectorStore.close();
    },
  );
});
