/** Waiting for what becomes so by itself. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls a probe until it does not throw, and gives what it returns. After that many
 * seconds it throws, with what was waited for and why the probe threw last.
 */
export async function eventually<T>(
  what: string,
  seconds: number,
  probe: () => T | Promise<T>,
  everyMs = 500,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (performance.now() > end)
        throw new Error(`not so after ${seconds} s: ${what}\nlast seen: ${reasonOf(error)}`, {
          cause: error,
        });
    }
    await sleep(everyMs);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
