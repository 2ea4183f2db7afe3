/**
 * The hidden names beside an output folder, and which of them nobody uses any more.
 * A name says which process made it, so that one render never takes away what
 * another, which is still running, needs.
 */
import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { processStart } from '../lib/process.ts';

export interface Leftover {
  readonly path: string;
  /** Whether it is the old output of a swap, not a new one that was never finished. */
  readonly isPrevious: boolean;
}

/** How the folder begins that a new output is written to; a tag follows. */
export function stagingName(target: string): string {
  return `.${basename(target)}.new-`;
}

/** How the folder begins where the old output stands between the two renames of a swap; the same tag follows. */
export function previousName(target: string): string {
  return `.${basename(target)}.previous-`;
}

/** This process as part of a name: its id, when it started, and its machine. */
export function ownTag(): string {
  return `${process.pid}-${processStart(process.pid) ?? 'unknown'}-${ownHost()}`;
}

/** What renders that have ended left beside an output folder, old outputs first. */
export function leftoversOf(target: string): Leftover[] {
  const parent = dirname(target);
  const found = readdirSync(parent).flatMap((name) => {
    if (isAbandoned(name, previousName(target))) return [{ path: join(parent, name), isPrevious: true }];
    return isAbandoned(name, stagingName(target)) ? [{ path: join(parent, name), isPrevious: false }] : [];
  });
  return found.sort((left, right) => Number(right.isPrevious) - Number(left.isPrevious));
}

function isAbandoned(name: string, beginning: string): boolean {
  if (!name.startsWith(beginning)) return false;
  const [, pid, start, host] = /^(\d+)-([^-]+)-(.+)-[A-Za-z0-9]{6}$/.exec(name.slice(beginning.length)) ?? [];
  // Whether a process of another machine lives cannot be seen from here: it counts as alive.
  return host === ownHost() && processStart(Number(pid)) !== start;
}

function ownHost(): string {
  return hostname().replace(/[^A-Za-z0-9.-]/g, '_') || 'localhost';
}
