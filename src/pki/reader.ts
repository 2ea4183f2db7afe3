/** Reads files of a store with what stands around them: links, kinds and modes. */
import { chmodSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { storeFiles } from './layout.ts';
import type { PkiProblem } from './problem.ts';
import { createPairReader, type PairReader } from './read-once.ts';

export interface StoreReader {
  /** Text of a file by its path relative to the store; undefined when it is not there, or refused as a problem. */
  readonly read: (path: string) => string | undefined;
  /** The absolute path that messages name. */
  readonly pathOf: (path: string) => string;
  readonly problems: PkiProblem[];
  /** Whether it takes away what group and others may do. */
  readonly tightens: boolean;
  /** Paths of secrets that others could read until now. */
  readonly exposed: string[];
  /** What takes the texts apart. */
  readonly pairs: PairReader;
}

const mostBytes = 1_048_576;
const openToOthers = 0o077;

/** A reader of the store at `root`; `pending` says where files stand that a journal has yet to move. */
export function createReader(
  root: string,
  tightens: boolean,
  pending: ReadonlyMap<string, string>,
  pairs: PairReader = createPairReader(),
): StoreReader {
  const problems: PkiProblem[] = [];
  const exposed: string[] = [];
  const folders = new Map<string, boolean>();

  const isUsable = (path: string, wanted: 'file' | 'folder', absolute: string): boolean => {
    const stat = lstatSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    if (stat.isSymbolicLink()) {
      problems.push({
        kind: 'symbolic-link',
        message:
          'is a symbolic link; a store holds files and folders of its own, nothing outside is ever written',
        path: absolute,
        fix: 'put a copy of what it points to in its place',
      });
      return false;
    }
    if (wanted === 'file' ? !stat.isFile() || stat.size > mostBytes : !stat.isDirectory()) {
      const message = `is not a ${wanted} of at most 1 MiB`;
      problems.push({ kind: 'not-a-file', message, path: absolute, fix: 'move it out of the store' });
      return false;
    }
    if (stat.mode & openToOthers) {
      if (wanted === 'file' && isSecret(path)) exposed.push(path);
      if (tightens) chmodSync(absolute, stat.mode & 0o700);
    }
    return true;
  };

  /** Every folder between the store and the file, each looked at once. */
  const hasFolders = (path: string): boolean => {
    const folder = dirname(path);
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const usable = (folder === '.' || hasFolders(folder)) && isUsable(folder, 'folder', join(root, folder));
    folders.set(folder, usable);
    return usable;
  };

  const read = (path: string): string | undefined => {
    const staged = pending.get(path);
    if (staged !== undefined && isUsable(path, 'file', staged)) return readFileSync(staged, 'utf8');
    const absolute = join(root, path);
    return hasFolders(path) && isUsable(path, 'file', absolute) ? readFileSync(absolute, 'utf8') : undefined;
  };

  return { read, pathOf: (path) => join(root, path), problems, tightens, exposed, pairs };
}

/** A warning about secrets that others could read, or nothing. */
export function exposureWarnings(exposed: readonly string[], tightened: boolean): string[] {
  if (exposed.length === 0) return [];
  const more = exposed.length > 3 ? ` and ${exposed.length - 3} more` : '';
  const end = tightened ? 'are mode 0600 now' : 'should be mode 0600';
  return [`other users could read ${exposed.slice(0, 3).join(', ')}${more}; these files ${end}`];
}

function isSecret(path: string): boolean {
  return path.endsWith('.key') || path === storeFiles.bootstrapToken || path === storeFiles.encryptionKey;
}
