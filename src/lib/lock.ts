/**
 * A lock between processes on one folder. Whoever wants it puts a claim there, a
 * file whose name says who and is never used twice, and then looks at the other
 * claims: with a live one among them it takes its own back and waits. Of two
 * that come at once, the later sees the earlier, so both may wait but never both
 * hold. A claim whose process has ended counts for nothing, and because no live
 * process has its name, anybody may delete it: there is no takeover to race for.
 */

import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processStart } from './process.ts';

/** Claims are files of the folder whose name starts so. */
export const claimPrefix = '.lock-';

export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** The claim's path. */
  readonly path: string;
}

/** The wait for the lock has ended without it. */
export class LockTimeoutError extends Error {
  override name = 'LockTimeoutError';
  readonly holder: LockHolder;

  constructor(folder: string, holder: LockHolder, waitMs: number) {
    super(`${folder} is in use by process ${holder.pid} on ${holder.host}; waited ${waitMs / 1000} s`);
    this.holder = holder;
  }
}

/**
 * What `work` gives back, done while nobody else holds the folder's lock. Waits
 * for it for `waitMs`, then a LockTimeoutError names the holder. The folder must
 * exist and be writable.
 */
export async function withLock<T>(folder: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const release = await acquire(folder, waitMs);
  try {
    return await work();
  } finally {
    release();
  }
}

async function acquire(folder: string, waitMs: number): Promise<() => void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const holder = otherClaims(folder, undefined) ?? claim(folder);
    if (typeof holder === 'function') return holder;
    if (Date.now() >= deadline) throw new LockTimeoutError(folder, holder, waitMs);
    // At random, so that two that keep seeing each other's claims part.
    await delay(20 + Math.random() * 60);
  }
}

/** The release when the lock is ours, else who has it. */
function claim(folder: string): LockHolder | (() => void) {
  const name = [
    claimPrefix + process.pid,
    processStart(process.pid) ?? 'unknown',
    randomBytes(6).toString('hex'),
    ownHost(),
  ].join('-');
  const path = join(folder, name);
  const release = () => rmSync(path, { force: true });
  writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  try {
    const holder = otherClaims(folder, name);
    if (holder === undefined) return release;
    release();
    return holder;
  } catch (error) {
    release();
    throw error;
  }
}

/** A live claim of somebody else; dead ones are deleted. */
function otherClaims(folder: string, own: string | undefined): LockHolder | undefined {
  for (const name of readdirSync(folder)) {
    const match = /^\.lock-(\d+)-([^-]+)-([0-9a-f]+)-(.*)$/.exec(name);
    if (match === null || name === own) continue;
    const [, pidText, start, , host = ''] = match;
    const holder = { pid: Number(pidText), host, path: join(folder, name) };
    // Whether a process of another machine lives cannot be seen from here: it counts as alive.
    if (host !== ownHost() || processStart(holder.pid) === start) return holder;
    rmSync(holder.path, { force: true });
  }
  return undefined;
}

function ownHost(): string {
  return hostname().replace(/[^A-Za-z0-9.-]/g, '_') || 'localhost';
}
