/** Values that must be the same in several places: which of them is the odd one out. */

export interface Stated<Place> {
  readonly value: string;
  readonly place: Place;
}

export interface Deviant<Place> extends Stated<Place> {
  /** What most places say, and one of them. */
  readonly usual: Stated<Place>;
}

/** The places that say otherwise than most; where none is in the majority, otherwise than the first. */
export function deviants<Place>(stated: readonly Stated<Place>[]): Deviant<Place>[] {
  const counts = new Map<string, number>();
  for (const { value } of stated) counts.set(value, (counts.get(value) ?? 0) + 1);
  const usual = stated.reduce<Stated<Place> | undefined>(
    (best, one) =>
      best === undefined || (counts.get(one.value) ?? 0) > (counts.get(best.value) ?? 0) ? one : best,
    undefined,
  );
  if (usual === undefined || counts.size === 1) return [];
  return stated.filter(({ value }) => value !== usual.value).map((one) => ({ ...one, usual }));
}
