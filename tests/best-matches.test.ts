import fc from "fast-check";
import { expect, it } from "vitest";
import { Pace } from "../packages/core/src/pace.js";
import { BestMatches } from "../packages/core/src/store/best-matches.js";
import { byScore } from "../packages/core/src/store/fusion.js";

const match = fc.record({ row: fc.nat(), score: fc.integer({ min: 0, max: 5 }) });

it("the best matches are the first of all of them in order, ties in the order of rows", async () => {
  const all = fc.uniqueArray(match, { selector: ({ row }) => row, maxLength: 600 });
  await fc.assert(
    fc.asyncProperty(all, fc.nat(40), async (matches, most) => {
      const best = new BestMatches(most);
      for (const each of matches) best.add(each);
      expect(await best.take(new Pace())).toEqual(byScore([...matches]).slice(0, most));
    }),
  );
});
