const integers = new Intl.NumberFormat("en-US");

export function count(value: number): string {
  return integers.format(value);
}

/** `1 row`, `2 rows`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const unit = Math.min(Math.floor(Math.log2(value) / 10), 4);
  return `${(value / 2 ** (10 * unit)).toFixed(1)} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

export function score(value: number | undefined): string {
  return value === undefined ? "–" : value.toFixed(3);
}

export function percent(share: number): string {
  const fine = share < 0.1 || (share > 0.99 && share < 1);
  return `${(100 * share).toFixed(fine ? 1 : 0)} %`;
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}
