import * as z from "zod";

const FILTER =
  'A condition on metadata, such as {"topic":"travel"}, {"year":{"$gte":2020}} or {"$or":[{"a":1},{"b":{"$in":[1,2]}}]}. Operators: ' +
  "$eq $ne $gt $gte $lt $lte $in $nin $exists $contains, and $and $or $not. Nested fields by dotted path.";

const name = z.string().min(1);
const filter = z.record(z.string(), z.unknown()).describe(FILTER);
const namespace = name
  .describe("Whose memories: those of one namespace are never seen from another. Default: the server's.")
  .optional();
const metadata = z.record(z.string(), z.unknown());

/** What a tool takes; anything else is refused. */
export const INPUTS = {
  remember: z.strictObject({
    text: z.string().min(1).max(1_000_000).describe("What to remember, as it shall be recalled."),
    id: name
      .describe("What has this id is replaced. Default: made of the text, so that the same text is remembered once.")
      .optional(),
    namespace,
    metadata: metadata.describe("JSON to keep with it, which filters can look into.").optional(),
    ttl: z.number().positive().describe("For how many seconds it is remembered. Default: always.").optional(),
  }),
  recall: z.strictObject({
    query: z.string().min(1).max(100_000).describe("What to look for: a question or words."),
    k: z.int().min(1).max(100).describe("How many memories at most.").default(5),
    filter: filter.optional(),
    namespace,
    mode: z
      .enum(["hybrid", "vector", "keyword"])
      .describe("hybrid: by meaning and by words; vector: by meaning; keyword: by words.")
      .default("hybrid"),
  }),
  forget: z.strictObject({
    ids: z.array(name).min(1).max(10_000).describe("The ids of memories, as recall and list give them.").optional(),
    filter: filter.describe(`Forgets all that match. ${FILTER}`).optional(),
    namespace,
  }),
  list: z.strictObject({
    filter: filter.optional(),
    namespace,
    limit: z.int().min(1).max(100).describe("How many memories at most.").default(20),
    cursor: name.describe("The cursor of the page before, given with the same filter and namespace.").optional(),
  }),
} as const;

const memory = {
  id: z.string(),
  text: z.string(),
  metadata,
  tier: z.enum(["hot", "cold", "none"]).describe("hot: exact in RAM; cold: compressed; none: without a vector."),
  expiresAt: z.string().describe("When it is forgotten.").optional(),
};

/** What a tool gives. */
export const OUTPUTS = {
  remember: z.object({
    id: z.string(),
    replaced: z.boolean().describe("Whether there was a memory of this id."),
    expiresAt: memory.expiresAt,
  }),
  recall: z.object({
    mode: INPUTS.recall.shape.mode.unwrap().describe("How it was searched."),
    note: z.string().describe("Why it was not searched as asked.").optional(),
    memories: z.array(
      z.object({ ...memory, score: z.number().describe("Higher is better; comparable within one answer.") }),
    ),
  }),
  forget: z.object({ forgotten: z.int().describe("How many memories there were.") }),
  list: z.object({
    memories: z.array(z.object(memory)),
    cursor: z.string().describe("For the next page; there is none after the last.").optional(),
  }),
} as const;

/** What each tool takes, checked. */
export type Input<Tool extends keyof typeof INPUTS> = z.output<(typeof INPUTS)[Tool]>;

/** What each tool gives. */
export type Output<Tool extends keyof typeof OUTPUTS> = z.output<(typeof OUTPUTS)[Tool]>;
