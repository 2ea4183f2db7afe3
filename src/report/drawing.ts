/** A place or a length in a drawing, to a tenth of a unit: more is nothing that anybody sees. */
export function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
