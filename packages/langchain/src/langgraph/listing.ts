import type { Thermocline } from "@thermocline/core";
import { ITEMS } from "./items.js";
import { compareLabels, type Labels, labelsOf, matches, nameOf } from "./namespaces.js";
import type { Listing } from "./operations.js";

/** The namespaces that hold items and meet all conditions, cut at a depth, each once, by label. */
export async function namespacesOf(
  core: Thermocline,
  root: string,
  { conditions, maxDepth, limit, offset }: Listing,
): Promise<string[][]> {
  const all = (await core.namespaces())
    .map(({ name }) => labelsOf(root, name))
    .filter((labels) => labels !== undefined)
    .filter((labels) => conditions.every((condition) => matches(labels, condition)))
    .sort(compareLabels);
  const found: Labels[] = [];
  let passed = 0;
  let before: Labels | undefined;
  for (const labels of all) {
    if (found.length === limit) break;
    const cut = labels.slice(0, maxDepth);
    if (before && compareLabels(before, cut) === 0) continue;
    // Records that have expired, and texts that outlast their items, are still there.
    if ((await core.count(ITEMS, { namespace: nameOf(root, labels) })) === 0) continue;
    before = cut;
    passed += 1;
    if (passed > offset) found.push(cut);
  }
  return found.map((labels) => [...labels]);
}
