/** Height of a row, in pixels. */
export const ROW = 34;

/** Beyond some millions of pixels browsers draw elements no more, so what is taller is scrolled in proportion. */
const TALLEST = 8_000_000;

/** How tall all rows are to be scrolled. */
export function heightOf(rows: number): number {
  return Math.min(rows * ROW, TALLEST);
}

/** The place, with a fraction, of the row at the upper edge. */
export function placeAt(scrollTop: number, viewHeight: number, rows: number): number {
  const height = heightOf(rows);
  if (height === rows * ROW) return scrollTop / ROW;
  const share = Math.min(scrollTop / Math.max(height - viewHeight, 1), 1);
  return share * Math.max(rows - viewHeight / ROW, 0);
}

/** Where to scroll so that this place is at the upper edge. */
export function scrollTopOf(place: number, viewHeight: number, rows: number): number {
  const height = heightOf(rows);
  if (height === rows * ROW) return place * ROW;
  const most = Math.max(rows - viewHeight / ROW, 1);
  return Math.min(Math.max(place, 0) / most, 1) * Math.max(height - viewHeight, 0);
}
