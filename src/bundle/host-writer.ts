/** Writes what belongs to one host into an unfinished output: its tarball, and its review tree. */
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BundleEntry } from './bundle.ts';

/** Makes the folders that hosts are written below. */
export function makeHostFolders(staging: string): void {
  mkdirSync(join(staging, 'bundles'), { mode: 0o700 });
  mkdirSync(join(staging, 'review'));
}

/** Writes a host's tarball; keys are in it. */
export function writeBundle(staging: string, host: string, tarball: Buffer): void {
  writeFileSync(join(staging, 'bundles', `${host}.tar.gz`), tarball, { mode: 0o600 });
}

/** Writes review trees, those of many hosts one after another: what they share is linked. */
export function createReviewWriter(staging: string): (host: string, entries: readonly BundleEntry[]) => void {
  const written: Written = new WeakMap();
  return (host, entries) => writeReviewTree(join(staging, 'review', host), entries, written);
}

/** Where a buffer was written first: the same content for other hosts becomes a link to it. */
type Written = WeakMap<Buffer, string>;

function writeReviewTree(folder: string, entries: readonly BundleEntry[], written: Written): void {
  const made = new Set<string>([dirname(folder)]);
  for (const { name, mode, review, certificateText } of entries) {
    const path = join(folder, name);
    makeParents(dirname(path), made);
    // Nothing in a review tree is secret, so all may read it; scripts stay executable.
    writeOrLink(path, review, (mode & 0o111) === 0 ? 0o644 : 0o755, written);
    if (certificateText !== undefined) writeFileSync(`${path}.txt`, certificateText, { mode: 0o644 });
  }
}

/** Each folder once, top down: mkdir -p would try them all again for every file. */
function makeParents(folder: string, made: Set<string>): void {
  if (made.has(folder)) return;
  makeParents(dirname(folder), made);
  mkdirSync(folder);
  made.add(folder);
}

/** Thousands of hosts share most of their files; a link is a tenth of the work of a new file. */
function writeOrLink(path: string, content: Buffer, mode: number, written: Written): void {
  const first = written.get(content);
  if (first !== undefined && tryLink(first, path)) return;
  writeFileSync(path, content, { mode });
  written.set(content, path);
}

/** False where the file system has no links, or no more of them for this file. */
function tryLink(existing: string, path: string): boolean {
  try {
    linkSync(existing, path);
    return true;
  } catch (error) {
    if (['EMLINK', 'EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return false;
    throw error;
  }
}
