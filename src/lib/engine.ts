/** What a command tells V8 of itself. The flags are V8's own; a Node that no longer knew one would say so on standard error, and go on. */
import { setFlagsFromString } from 'node:v8';

/** For long work on much data. */
export const heapFlags: readonly string[] = ['--heap-growing-percent=30'];

/** For programs that live for seconds. */
export const compilerFlags: readonly string[] = [
  '--interrupt-budget=300000',
  '--max-inlined-bytecode-size-cumulative=200',
];

/**
 * From now on the heap may grow by three tenths of what lives in it, where V8 by itself lets it grow
 * to a multiple: for long work on much data, which then needs a quarter less memory (decision 12).
 */
export function keepHeapSmall(): void {
  heapFlags.forEach(setFlag);
}

/**
 * From now on a function runs four times as long before V8's optimizing compiler takes it up, and is
 * compiled with less of what it calls: the compiler works on another core, which a render has
 * better use for, and much of what it made was hardly run before the command ended (decision 27).
 */
export function compileLess(): void {
  compilerFlags.forEach(setFlag);
}

function setFlag(flag: string): void {
  setFlagsFromString(flag);
}
