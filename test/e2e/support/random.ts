/** Chance that can be had again: the same seed gives the same choices. */

export interface Random {
  readonly seed: number;
  /** A whole number from 0 to limit - 1. */
  readonly below: (limit: number) => number;
  /** The items in another order. */
  readonly shuffled: <T>(items: readonly T[]) => T[];
  readonly pick: <T>(items: readonly T[]) => T;
}

/** A generator with the seed E2E_SEED, or one from the clock; prints it. */
export function seededRandom(): Random {
  const wanted = process.env.E2E_SEED;
  const seed = wanted === undefined ? Date.now() % 2 ** 31 : Number(wanted);
  if (!Number.isSafeInteger(seed)) throw new Error(`E2E_SEED is not a whole number: ${wanted}`);
  console.log(`chance: E2E_SEED=${seed}`);
  return randomOf(seed);
}

/** A generator with this seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32: enough for orders and moments, and short.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { seed, below, shuffled: (items) => shuffle(items, below), pick: (items) => pick(items, below) };
}

function shuffle<T>(items: readonly T[], below: (limit: number) => number): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(below(rest.length), 1));
}

function pick<T>(items: readonly T[], below: (limit: number) => number): T {
  const item = items[below(items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
