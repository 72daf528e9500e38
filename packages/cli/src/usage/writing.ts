import { PROVIDERS } from "../embedding/provider.js";
import type { Flags, Registration } from "./registrar.js";

export const addImport: Registration = (to) => {
  to.command(
    "import <store> <source>",
    "add a .jsonl, .csv, .tsv or .parquet file, or a folder of Markdown; run it again to go on where it was ended",
    "import memory.db corpus.jsonl --vectors documents.npy",
    "import memory.db notes --embed hashing",
    "import memory.db papers.csv --id-field doi --text-field abstract --embed ollama --model nomic-embed-text",
  )
    .option("--vectors <file>", "a .npy file with a row for each record; else each has a field vector, or is embedded")
    .option(
      "--embed <provider>",
      `what makes vectors of texts: ${PROVIDERS.join(", ")}, or none; the file remembers it`,
    )
    .option("--model <name>", "the provider's model")
    .option("--id-field <name>", "the field that names a record (id or _id)")
    .option("--text-field <name>", "the field that is its text (text)")
    .option("--namespace <name>", "the namespace to write to")
    .option("--metric <name>", "cosine, dot or euclidean, of a store that is made")
    .option("--replace", "write records anew that are there")
    .action(async (path: string, source: string, flags: Flags & import("../commands/import.js").ImportFlags) => {
      const { importFile } = await import("../commands/import.js");
      await importFile(path, source, flags, to.screen(flags), to.signal);
    });
};

export const addExport: Registration = (to) => {
  to.command(
    "export <store> <target>",
    "write records as JSONL that import reads",
    "export memory.db records.jsonl",
    "export memory.db records.jsonl --vectors vectors.npy",
  )
    .option("--vectors <file>", "write vectors to a .npy file, a row for each line, and not into the lines")
    .option("--namespace <name>", "the namespace to read")
    .option("--filter <json>", "of metadata: only records that match")
    .action(async (path: string, target: string, flags: Flags & import("../commands/export.js").ExportFlags) => {
      const { exportRecords } = await import("../commands/export.js");
      await exportRecords(path, target, flags, to.screen(flags), to.signal);
    });
};

/** `demote` and `promote`. */
export const addMoves: Registration = (to) => {
  for (const [direction, tier] of [
    ["demote", "cold"],
    ["promote", "hot"],
  ] as const) {
    to.command(
      `${direction} <store>`,
      `move records to the ${tier} tier`,
      `${direction} memory.db --filter '{"year":2015}'`,
      `${direction} memory.db --all`,
    )
      .option("--all", "all of the namespace")
      .option("--ids <id...>", "these")
      .option("--filter <json>", "those whose metadata match")
      .option("--namespace <name>", "the namespace they are in")
      .action(async (path: string, flags: Flags & import("../commands/maintain.js").SelectionFlags) => {
        const { move } = await import("../commands/maintain.js");
        await move(direction, path, flags, to.screen(flags), to.signal);
      });
  }
};

/** `recalibrate`, `compact` and `backup`. */
export const addMaintenance: Registration = (to) => {
  to.command("recalibrate <store>", "fit a new codebook and code cold rows anew", "recalibrate memory.db").action(
    async (path: string, flags: Flags) => {
      const { recalibrate } = await import("../commands/maintain.js");
      await recalibrate(path, to.screen(flags), to.signal);
    },
  );

  to.command("compact <store>", "make a store smaller after deletions", "compact memory.db").action(
    async (path: string, flags: Flags) => {
      const { compact } = await import("../commands/maintain.js");
      await compact(path, to.screen(flags), to.signal);
    },
  );

  to.command("backup <store> <target>", "copy a store while it is in use", "backup memory.db copy.db").action(
    async (path: string, target: string, flags: Flags) => {
      const { backup } = await import("../commands/maintain.js");
      await backup(path, target, to.screen(flags));
    },
  );
};
