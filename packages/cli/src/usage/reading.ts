import { Option } from "commander";
import { SEARCH_MODES, type SearchFlags } from "../search-flags.js";
import { type Flags, type Registration, shares, wholeNumber } from "./registrar.js";

export const addInfo: Registration = (to) => {
  to.command("info <store>", "what a store holds and costs", "info memory.db", "info memory.db --json").action(
    async (path: string, flags: Flags) => {
      const { info } = await import("../commands/info.js");
      await info(path, to.screen(flags), to.signal);
    },
  );
};

export const addVerify: Registration = (to) => {
  to.command("verify <store>", "read a file whole, and say what of it is damaged", "verify memory.db").action(
    async (path: string, flags: Flags) => {
      const { verify } = await import("../commands/verify.js");
      to.end(await verify(path, to.screen(flags), to.signal));
    },
  );
};

export const addSearch: Registration = (to) => {
  to.command(
    "search <store> [words]",
    "find records by words, by what they mean, by a vector, or by several of these",
    'search memory.db "ocean currents" -k 5',
    'search memory.db "ocean currents" --mode keyword --filter \'{"year":{"$gte":2015}}\' --explain',
    "search memory.db --vector queries.npy",
  )
    .option("--vector <file>", "a JSON array, the first row of a .npy file, or - for stdin")
    .addOption(
      new Option(
        "--mode <mode>",
        "vector: by what the words mean; keyword: by the words; hybrid: by both, where it can be",
      ).choices(SEARCH_MODES),
    )
    .option("-k <count>", "hits at most", wholeNumber, 10)
    .option("--filter <json>", 'of metadata, such as \'{"year":{"$gte":2015}}\'')
    .option("--namespace <name>", "the namespace to search")
    .option("--embed <provider>", "what made the store's vectors, where its file does not say")
    .option("--model <name>", "the provider's model")
    .option("--explain", "say how each hit was found, and where the time went")
    .action(async (path: string, words: string | undefined, flags: Flags & SearchFlags) => {
      const { search } = await import("../commands/search.js");
      await search(path, words, flags, to.screen(flags), to.signal);
    });
};

export const addRecommend: Registration = (to) => {
  to.command(
    "recommend <data>",
    "what each number of bytes a row costs and finds",
    "recommend documents.npy --recall 0.95",
    "recommend documents.npy --recall 0.9 --plot curve.svg",
  )
    .option("--recall <share>", "to be reached; may be given several times", shares, [])
    .option("--plot <file>", "draw the curve to a .svg or .html file")
    .action(async (path: string, flags: Flags & { readonly recall: number[]; readonly plot?: string }) => {
      const { recommendBytes } = await import("../commands/recommend.js");
      const recall = flags.recall.length > 0 ? flags.recall : [0.8, 0.9, 0.95];
      await recommendBytes(path, { recall, plot: flags.plot }, to.screen(flags), to.signal);
    });
};
