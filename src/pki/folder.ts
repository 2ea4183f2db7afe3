/** Whether a folder is a store, may become one, or is something else that must be left alone. */
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { claimPrefix } from '../lib/lock.ts';
import { makeFolder } from '../lib/make-folder.ts';
import type { AuthorityName } from '../model/certificate.ts';
import { gitignoreText, isKnownName, readMarker, storeFiles } from './layout.ts';
import { PkiStoreError } from './problem.ts';

export interface StoreFolder {
  /** Absolute, symbolic links on the way to it resolved. */
  readonly root: string;
  /** Whether the store was once filled completely: what is missing then is lost. */
  readonly isComplete: boolean;
  /** The authorities that it had then. */
  readonly made: readonly AuthorityName[];
}

/** The folder at `dir`, or undefined when there is none; PkiStoreError when it is something else than a store. */
export function findFolder(dir: string): StoreFolder | undefined {
  const stat = statSync(dir, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) throw notAStore(dir, 'is not a folder', 'name a folder');
  const root = realpathSync(dir);
  const names = readdirSync(root);
  const isComplete = names.includes(storeFiles.marker);
  const made = isComplete ? readFormat(root) : [];
  const strangers = names.filter((name) => !isKnownName(name) && !name.startsWith(claimPrefix)).sort();
  // In a store of ours, notes and backups that somebody put beside our files do no harm.
  if (!isComplete && strangers.length > 0) {
    throw notAStore(
      dir,
      `is not a PKI store: it holds ${strangers.slice(0, 3).join(', ')}${strangers.length > 3 ? ', …' : ''}`,
      'name an empty folder, a new one, or one that holds nothing but the authorities to use (ca.crt, ca.key, …)',
    );
  }
  return { root, isComplete, made };
}

/** The folder at `dir`, made when there is none. Version control is kept off before the first key is written. */
export function ensureFolder(dir: string): StoreFolder {
  const existing = findFolder(dir);
  if (existing === undefined) makeFolder(resolve(dir), 0o700);
  const folder = existing ?? { root: realpathSync(dir), isComplete: false, made: [] };
  const gitignore = join(folder.root, storeFiles.gitignore);
  if (lstatSync(gitignore, { throwIfNoEntry: false }) === undefined)
    writeFileSync(gitignore, gitignoreText, { mode: 0o600 });
  return folder;
}

function readFormat(root: string): readonly AuthorityName[] {
  const path = join(root, storeFiles.marker);
  const made = readMarker(readFileSync(path, 'utf8'));
  if (made !== undefined) return made;
  throw notAStore(path, 'says another format than 1', 'use the version of hardway that wrote this store');
}

function notAStore(path: string, message: string, fix: string): PkiStoreError {
  return new PkiStoreError({ kind: 'not-a-store', message, path, fix });
}
