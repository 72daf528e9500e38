/** What words are looked for by. */
export const SEARCH_MODES = ["vector", "keyword", "hybrid"] as const;

export interface SearchFlags {
  readonly vector?: string;
  readonly mode?: (typeof SEARCH_MODES)[number];
  readonly k: number;
  readonly filter?: string;
  readonly namespace?: string;
  readonly embed?: string;
  readonly model?: string;
  readonly explain?: boolean;
}
