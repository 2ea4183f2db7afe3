/** Few combinations that together hold every allowed pair of values. */

export type Dimensions = Readonly<Record<string, readonly string[]>>;
export type Combination = Readonly<Record<string, string>>;

/** Whether a combination, or the part of one, may be. */
export type Allows = (part: Combination) => boolean;

/** `name=value & name=value` of every pair of values that may stand together. */
export function allowedPairs(dimensions: Dimensions, allows: Allows): Set<string> {
  const pairs = new Set<string>();
  const names = Object.keys(dimensions);
  for (const [index, left] of names.entries())
    for (const right of names.slice(index + 1))
      for (const one of dimensions[left] ?? [])
        for (const other of dimensions[right] ?? [])
          if (allows({ [left]: one, [right]: other })) pairs.add(pairText(left, one, right, other));
  return pairs;
}

/** The pairs that a combination holds. */
export function pairsOf(combination: Combination): string[] {
  const entries = Object.entries(combination);
  return entries.flatMap(([left, one], index) =>
    entries.slice(index + 1).map(([right, other]) => pairText(left, one, right, other)),
  );
}

/** Greedy: each combination begins with a pair that is missing and takes as many more as it can. */
export function pairwise(dimensions: Dimensions, allows: Allows): Combination[] {
  const missing = allowedPairs(dimensions, allows);
  const combinations: Combination[] = [];
  while (missing.size > 0) {
    const [pair] = missing;
    const combination = complete(dimensions, allows, seedOf(pair ?? ''), missing, combinations.length);
    for (const held of pairsOf(combination)) missing.delete(held);
    combinations.push(combination);
  }
  return combinations;
}

function complete(
  dimensions: Dimensions,
  allows: Allows,
  seed: Combination,
  missing: ReadonlySet<string>,
  turn: number,
): Combination {
  let chosen = seed;
  for (const [name, values] of Object.entries(dimensions)) {
    if (Object.hasOwn(chosen, name)) continue;
    // Among equals another one each time, so that no value is everywhere.
    const rotated = values.map((_, index) => values[(index + turn) % values.length] ?? '');
    const scored = rotated
      .filter((value) => allows({ ...chosen, [name]: value }))
      .map((value) => ({ value, gain: gainOf(chosen, name, value, missing) }));
    const best = scored.reduce<(typeof scored)[number] | undefined>(
      (before, one) => (before === undefined || one.gain > before.gain ? one : before),
      undefined,
    );
    if (best === undefined) throw new Error(`${JSON.stringify(chosen)} leaves no value for ${name}`);
    chosen = { ...chosen, [name]: best.value };
  }
  return Object.fromEntries(Object.keys(dimensions).map((name) => [name, chosen[name] ?? '']));
}

function gainOf(chosen: Combination, name: string, value: string, missing: ReadonlySet<string>): number {
  return Object.entries(chosen).filter(
    ([other, one]) =>
      missing.has(pairText(other, one, name, value)) || missing.has(pairText(name, value, other, one)),
  ).length;
}

function pairText(left: string, one: string, right: string, other: string): string {
  return `${left}=${one} & ${right}=${other}`;
}

function seedOf(pair: string): Combination {
  return Object.fromEntries(pair.split(' & ').map((part) => part.split('=') as [string, string]));
}
