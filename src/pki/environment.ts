/** Failures of the environment (disk, permissions, a lock) told as what a store refuses. */
import { LockTimeoutError } from '../lib/lock.ts';
import { PkiStoreError } from './problem.ts';

/** How long to wait for another run that uses the store. */
export const defaultLockWaitMs = 30_000;

/** What `work` gives back; a failure of the disk or the lock becomes a PkiStoreError. */
export async function onDisk<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeErrorOf(dir, error);
  }
}

/** System errors name a `syscall`; all others are mistakes of the program and stay as they are. */
function storeErrorOf(dir: string, error: unknown): unknown {
  if (error instanceof LockTimeoutError) {
    const { pid, host, path } = error.holder;
    const fix = `wait until process ${pid} on ${host} has ended; if it has, delete ${path}`;
    return new PkiStoreError({ kind: 'locked', message: error.message, path: dir, fix }, [], {
      cause: error,
    });
  }
  if (!isSystemError(error)) return error;
  const { message, path = dir } = error;
  const fix = 'check the permissions of the folder, that it can be written, and that its disk has room';
  return new PkiStoreError({ kind: 'disk', message, path, fix }, [], { cause: error });
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
