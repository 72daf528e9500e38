import { createInterface } from "node:readline";
import { type FieldNames, recordOf, refuse } from "./fields.js";
import type { Source } from "./source.js";
import { openText } from "./text-file.js";

/** The lines of a JSONL file, gzipped or not. Empty ones are passed over. */
export function jsonlSource(path: string, names: FieldNames = {}): Source {
  let share = () => 0;
  return {
    share: () => share(),
    async *records() {
      const file = openText(path);
      share = file.share;
      let number = 0;
      try {
        for await (const line of createInterface({ input: file.text, crlfDelay: Number.POSITIVE_INFINITY })) {
          number += 1;
          if (line.trim() === "") continue;
          const place = { path, unit: "line", number };
          let row: unknown;
          try {
            row = JSON.parse(line);
          } catch {
            refuse(place, "is no JSON");
          }
          if (typeof row !== "object" || row === null || Array.isArray(row)) refuse(place, "is no JSON object");
          yield recordOf(row as Record<string, unknown>, place, names);
        }
      } finally {
        file.close();
      }
    },
  };
}
