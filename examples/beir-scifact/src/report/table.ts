/** A column: its heading, and the cell it makes of a row. */
export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => string;
  /** Default `right`. */
  readonly align?: "left" | "right";
}

/** The rows as aligned text under a heading and a rule, each line ending with a newline. */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
  const widths = columns.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const [heading = "", ...body] = lines.map((cells) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return columns[column]?.align === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [heading, rule, ...body].map((line) => `${line}\n`).join("");
}

/** A number with a fixed count of decimals and thousands separated by commas; an en dash for null. */
export function formatNumber(value: number | null, decimals = 0): string {
  if (value === null) return "–";
  const [whole = "", fraction] = value.toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
