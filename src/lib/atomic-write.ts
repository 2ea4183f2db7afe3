/** Files that are whole or not there, whatever happens while they are written. */
import { execFile } from 'node:child_process';
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** From this many paths on, one flush of the file system is cheaper than one for each path. */
const manyPaths = 64;

/** Replaces a file in one step and returns once it is on the disk; the folder must exist. */
export function writeFileAtomic(path: string, content: string, mode: number): void {
  const draft = `${path}.tmp`;
  writeFileSync(draft, content, { mode });
  syncPath(draft);
  renameSync(draft, path);
  syncPath(dirname(path));
}

/**
 * Returns once these files and folders are on the disk. Thousands of flushes,
 * one after the other, take seconds even on a fast disk; `sync -f` of GNU
 * coreutils flushes the file system that holds `folder` at once. Where there is
 * no such program, every path is flushed by itself.
 */
export async function syncPaths(folder: string, paths: readonly string[]): Promise<void> {
  if (paths.length < manyPaths || !(await syncFileSystem(folder))) {
    for (const path of paths) syncPath(path);
  }
}

function syncFileSystem(folder: string): Promise<boolean> {
  return run('sync', ['-f', '--', folder]).then(
    () => true,
    () => false,
  );
}

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
