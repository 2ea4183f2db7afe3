import { setImmediate as nextTurn } from 'node:timers/promises';

/** Gives other work its turn, a progress bar for example, when enough time has passed since the last. */
export type Pause = () => Promise<void>;

/** For long synchronous loops: takes a turn of the event loop every `everyMs`, and costs nothing in between. */
export function createPause(everyMs = 20): Pause {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMs) return;
    await nextTurn();
    last = performance.now();
  };
}
