/**
 * Changes a store in one step, whatever happens meanwhile. New files are written
 * to a staging folder and put on the disk; then a journal that names their places
 * appears, whole, by a rename; then every file is renamed to its place; then the
 * journal goes. Without a journal nothing has happened yet and the staging folder
 * is waste; with one, everything is on the disk and the renames are done again.
 * All of it is done under the store's lock.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncPaths, writeFileAtomic } from '../lib/atomic-write.ts';
import { storeFiles } from './layout.ts';
import { PkiStoreError } from './problem.ts';

/** Called before each thing that is done to the disk; tests stop the process there. */
export type OnStep = (step: string) => void;

export interface Transaction {
  /** Stages a file for a path relative to the store. */
  readonly write: (path: string, content: string) => void;
  /** Puts every staged file in its place; nothing happens when there is none. */
  readonly commit: () => Promise<void>;
}

/** A new transaction; what an earlier one left must have been recovered. */
export function beginTransaction(root: string, onStep: OnStep): Transaction {
  const paths: string[] = [];
  return {
    write: (path, content) => {
      if (paths.length === 0) mkdirSync(join(root, storeFiles.staging), { mode: 0o700 });
      onStep(`stage ${path}`);
      writeFileSync(stagedPath(root, paths.length), content, { flag: 'wx', mode: 0o600 });
      paths.push(path);
    },
    commit: async () => {
      if (paths.length === 0) return;
      onStep('sync staging');
      const staged = paths.map((_, index) => stagedPath(root, index));
      await syncPaths(root, [...staged, join(root, storeFiles.staging)]);
      onStep('write journal');
      writeFileAtomic(join(root, storeFiles.journal), JSON.stringify({ format: 1, paths }), 0o600);
      await rollForward(root, paths, onStep);
    },
  };
}

/** Ends what a crash interrupted: a complete journal is carried out, staged files without one are thrown away. */
export async function recover(root: string, onStep: OnStep): Promise<void> {
  const paths = readJournal(root);
  if (paths !== undefined) return rollForward(root, paths, onStep);
  rmSync(join(root, `${storeFiles.journal}.tmp`), { force: true });
  rmSync(join(root, storeFiles.staging), { recursive: true, force: true });
}

/** Where to read a path of the store while a journal waits to be carried out; for readers that change nothing. */
export function pendingPaths(root: string): ReadonlyMap<string, string> {
  return new Map((readJournal(root) ?? []).map((path, index) => [path, stagedPath(root, index)]));
}

async function rollForward(root: string, paths: readonly string[], onStep: OnStep): Promise<void> {
  const folders = new Set(paths.map((path) => dirname(join(root, path))));
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [index, path] of paths.entries()) {
    onStep(`rename ${path}`);
    renameStaged(stagedPath(root, index), join(root, path));
  }
  onStep('sync folders');
  const parents = [...folders].map((folder) => dirname(folder)).filter((folder) => folder.startsWith(root));
  await syncPaths(root, [...new Set([root, ...parents, ...folders])]);
  onStep('remove journal');
  rmSync(join(root, storeFiles.journal), { force: true });
  // The next transaction stages under the same names: this journal must be gone from the disk before.
  await syncPaths(root, [root]);
  onStep('remove staging');
  rmSync(join(root, storeFiles.staging), { recursive: true, force: true });
}

/** Renamed already when an earlier attempt came this far. */
function renameStaged(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function stagedPath(root: string, index: number): string {
  return join(root, storeFiles.staging, String(index));
}

function readJournal(root: string): readonly string[] | undefined {
  const path = join(root, storeFiles.journal);
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  const paths = parseJournal(text);
  if (paths === undefined) {
    throw new PkiStoreError({
      kind: 'broken-journal',
      message: 'the journal of an interrupted change cannot be read',
      path,
      fix: 'restore the store from a backup, or delete this file to go on without that change',
    });
  }
  return paths;
}

/** The journal's paths; undefined unless every one stays inside the store. */
function parseJournal(text: string): readonly string[] | undefined {
  try {
    const { format, paths } = JSON.parse(text) as { format?: unknown; paths?: unknown };
    const isPath = (path: unknown) =>
      typeof path === 'string' &&
      path.split('/').every((name) => /^[A-Za-z0-9_.-]+$/.test(name) && !/^\.+$/.test(name));
    return format === 1 && Array.isArray(paths) && paths.every(isPath) ? paths : undefined;
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
