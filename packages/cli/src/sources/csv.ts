import { ThermoclineError } from "@thermocline/core";
import { CsvError, parse } from "csv-parse";
import { type FieldNames, type Place, recordOf, refuse } from "./fields.js";
import type { Source } from "./source.js";
import { openText } from "./text-file.js";

/**
 * The rows of a CSV or TSV file, gzipped or not, whose first line names the columns. Cells are numbers and booleans where they read like
 * JSON's, and texts else; empty ones are left out. A vector is a JSON array.
 */
export function csvSource(path: string, names: FieldNames): Source {
  let share = () => 0;
  const delimiter = /\.tsv(\.gz)?$/i.test(path) ? "\t" : ",";
  return {
    share: () => share(),
    async *records() {
      const file = openText(path);
      share = file.share;
      const rows = parse({ columns: true, bom: true, delimiter, skip_empty_lines: true });
      file.text.on("error", (error) => rows.destroy(error));
      let number = 0;
      try {
        for await (const cells of file.text.pipe(rows)) {
          number += 1;
          const place = { path, unit: "row", number };
          yield recordOf(valuesOf(cells as Record<string, string>, place, names), place, names);
        }
      } catch (cause) {
        if (!(cause instanceof CsvError)) throw cause;
        const why = `${path} cannot be read as CSV (${cause.message})`;
        throw new ThermoclineError("ARGUMENT", `${why}; correct it and run the same command again.`, { cause });
      } finally {
        file.close();
      }
    },
  };
}

function valuesOf(cells: Readonly<Record<string, string>>, place: Place, names: FieldNames): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, cell] of Object.entries(cells)) {
    if (cell === "") continue;
    if (name === "vector" || name === "embedding" || name === "metadata") values[name] = parsed(name, cell, place);
    else if (name === "text" || name === names.text || name === names.id) values[name] = cell;
    else values[name] = scalarOf(cell);
  }
  // A column that is named is there in each row, if empty.
  for (const name of [names.id, names.text]) {
    if (name !== undefined && name in cells) values[name] ??= undefined;
  }
  return values;
}

function parsed(name: string, cell: string, place: Place): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    return refuse(place, `has a ${name} that is no JSON`);
  }
}

/** `007` and `1e3` stay as they are: what is a number can be written back as it was. */
function scalarOf(cell: string): string | number | boolean {
  if (cell === "true" || cell === "false") return cell === "true";
  return String(Number(cell)) === cell && Number.isFinite(Number(cell)) ? Number(cell) : cell;
}
