/**
 * What a command tells V8 of itself, by flags of V8's own. They come and go with its releases, and one that
 * it does not know is a complaint on standard error: each is set where it is known to be.
 */
import { setFlagsFromString } from 'node:v8';

/** Flags, and the major releases of V8 that have them: 11 is in Node 20, 12 in 22, 13 in 24, 14 in 26. */
export interface Tuning {
  readonly flags: readonly string[];
  readonly v8: readonly string[];
}

/**
 * The heap may grow by three tenths of what lives in it, where V8 by itself lets it grow to a multiple: for
 * long work on much data, which then needs a quarter less memory (decision 12).
 */
export const smallHeap: Tuning = {
  flags: ['--heap-growing-percent=30'],
  v8: ['11', '12', '13', '14'],
};

/**
 * A function runs four times as long before V8's optimizing compiler takes it up, and is compiled with less
 * of what it calls: the compiler works on another core, which a render has better use for, and much of
 * what it made was hardly run before the command ended (decision 27). Later releases wait by themselves.
 */
export const lateCompiler: Tuning = {
  flags: ['--interrupt-budget=300000', '--max-inlined-bytecode-size-cumulative=200'],
  v8: ['11'],
};

/** From now on V8 works so, where its release is one that knows how. */
export function tune({ flags, v8 }: Tuning): void {
  if (!v8.includes(process.versions.v8.split('.')[0] ?? '')) return;
  for (const flag of flags) setFlagsFromString(flag);
}
