const BLOCKS = [..."▁▂▃▄▅▆▇█"];

/** Characters of a line at most. */
const COLUMNS = 64;

/**
 * Numbers as one line of blocks, the tallest for the largest: each is a number, or the mean of some next to each other where there are many. 0
 * and less are spaces.
 */
export function blockLine(values: ArrayLike<number>): string {
  const columns = Math.min(COLUMNS, values.length);
  const means = Array.from({ length: columns }, (_, i) => {
    const part = Array.from(values).slice(
      Math.floor((i * values.length) / columns),
      Math.floor(((i + 1) * values.length) / columns),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const largest = Math.max(...means);
  const blocks = means.map((mean) =>
    mean > 0 ? (BLOCKS[Math.ceil((mean / largest) * BLOCKS.length) - 1] ?? "") : " ",
  );
  return blocks.join("").trimEnd();
}

/** Powers of ten below the largest variance that are drawn. */
const DECADES = 4;

/** How tall variances are drawn: by their logarithm, 0 at a ten-thousandth of the largest. */
export function heights(variances: ArrayLike<number>): number[] {
  const values = Array.from(variances);
  const largest = Math.max(...values);
  return values.map((value) => (value > 0 ? Math.max(0, DECADES + Math.log10(value / largest)) : 0));
}
