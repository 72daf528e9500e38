import type { Filter } from "@thermocline/core";
import { misuse } from "./failure.js";

/** The filter that `--filter` gives; what it says is for core to judge. */
export function filterOf(json: string): Filter {
  try {
    return JSON.parse(json) as Filter;
  } catch {
    return misuse(`--filter is no JSON: ${json}; give one such as '{"year":{"$gte":2015}}'.`);
  }
}
