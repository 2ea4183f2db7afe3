/**
 * The output folder: written beside the old one and swapped in whole. Until the swap,
 * and when anything fails before it, the previous output stays as it was.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolder } from '../lib/make-folder.ts';
import { makeHostFolders } from './host-writer.ts';
import { leftoversOf, ownTag, previousName, stagingName } from './leftovers.ts';

/** Everything that render writes at the top of the output folder. */
const ownNames = new Set([
  'bundles',
  'binaries',
  'review',
  'SHA256SUMS',
  'report.html',
  '.gitignore',
  // Of a kit, see kit/kit.ts.
  'images',
  'hardway',
  'HOWTO.txt',
]);

export interface Output {
  /** Where the new output is made, see host-writer.ts. */
  readonly staging: string;
  readonly writeTop: (name: 'SHA256SUMS' | 'report.html', content: string | Generator<string>) => void;
  /** Puts the new output in place of the old one. */
  readonly commit: () => void;
  /** Removes what was written; the old output is untouched. */
  readonly discard: () => void;
}

/** A folder that is not hardway's to replace. */
export class OutputFolderError extends Error {
  readonly fix: string;
  constructor(message: string, fix: string) {
    super(message);
    this.name = 'OutputFolderError';
    this.fix = fix;
  }
}

/**
 * Begins a new output for a folder.
 * @throws OutputFolderError when the folder holds what render did not write, or the PKI store.
 */
export function beginOutput(out: string, pkiDir: string): Output {
  const target = realPath(resolve(out));
  refuseForeign(target, realPath(resolve(pkiDir)));
  const parent = dirname(target);
  makeFolder(parent, 0o755);
  recover(target);
  const staging = mkdtempSync(join(parent, `${stagingName(target)}${ownTag()}-`));
  chmodSync(staging, 0o755);
  makeHostFolders(staging);
  // For whoever keeps the output in git: the review tree may be committed, private keys and programs not.
  writeFileSync(join(staging, '.gitignore'), '/bundles/\n/binaries/\n', { mode: 0o644 });
  return {
    staging,
    writeTop: (name, content) =>
      writePieces(join(staging, name), typeof content === 'string' ? [content] : content),
    commit: () => swap(staging, target),
    discard: () => rmSync(staging, { recursive: true, force: true }),
  };
}

function writePieces(path: string, pieces: Iterable<string>): void {
  const file = openSync(path, 'w', 0o644);
  try {
    for (const piece of pieces) writeFileSync(file, piece);
  } finally {
    closeSync(file);
  }
}

/** The path without symbolic links, as far as it exists. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  if (isLink(path)) {
    throw new OutputFolderError(
      `${path} is a link to nowhere`,
      'remove the link, or make the folder it names',
    );
  }
  const parent = dirname(path);
  return parent === path ? path : join(realPath(parent), basename(path));
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
    throw new OutputFolderError(`${dirname(path)} is not a folder`, 'name a folder with --out and --pki-dir');
  }
}

function refuseForeign(target: string, pkiDir: string): void {
  if (`${pkiDir}/`.startsWith(`${target}/`)) {
    throw new OutputFolderError(
      `the PKI store ${pkiDir} lies inside the output folder, which every render replaces`,
      'name another folder with --out or --pki-dir',
    );
  }
  if (`${target}/`.startsWith(`${pkiDir}/`)) {
    throw new OutputFolderError(
      `the output folder ${target} lies inside the PKI store ${pkiDir}, which holds nothing but keys`,
      'name another folder with --out or --pki-dir',
    );
  }
  if (!existsSync(target)) return;
  if (!statSync(target).isDirectory()) {
    throw new OutputFolderError(`${target} is not a folder`, 'name a folder with --out');
  }
  if (statSync(target).dev !== statSync(dirname(target)).dev) {
    throw new OutputFolderError(
      `${target} is a mount point, which cannot be swapped for a new output as a whole`,
      `name a folder below it: --out ${join(target, 'out')}`,
    );
  }
  const foreign = foreignNameIn(target);
  if (foreign === undefined) return;
  throw new OutputFolderError(
    `the output folder ${target} holds "${foreign}", which hardway did not write`,
    'name a folder of its own with --out, or move the file away',
  );
}

/** What a user has put into an output, which the next render would take away: notes, a git repository. */
function foreignNameIn(target: string): string | undefined {
  const isFolder = (name: string) =>
    statSync(join(target, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
  const namesIn = (folder: string) => (isFolder(folder) ? readdirSync(join(target, folder)) : []);
  return (
    readdirSync(target).find((name) => !ownNames.has(name)) ??
    ['bundles', 'binaries'].flatMap(namesIn).find((name) => !name.endsWith('.tar.gz')) ??
    namesIn('images').find((name) => !/^images-\w+\.tar$/.test(name)) ??
    ['hardway', 'HOWTO.txt'].find(isFolder) ??
    namesIn('review').find((name) => !existsSync(join(target, 'review', name, 'manifest')))
  );
}

/**
 * Mends what renders that have ended left here: a swap that was cut off between its
 * two renames, and outputs that were never finished. What a live render uses stays.
 */
function recover(target: string): void {
  for (const { path, isPrevious } of leftoversOf(target)) {
    if (!isPrevious || !tryRename(path, target)) removeTree(path);
  }
}

function swap(staging: string, target: string): void {
  const previous = join(
    dirname(target),
    basename(staging).replace(stagingName(target), previousName(target)),
  );
  for (;;) {
    tryRename(target, previous);
    try {
      renameSync(staging, target);
      break;
    } catch (error) {
      // Another render has put its own there meanwhile: the last one stands.
      if (!isTaken(error)) {
        tryRename(previous, target);
        throw error;
      }
      removeTree(previous);
    }
  }
  retire(previous);
}

/** Removes an old output; a large one behind the command's back, for it can take as long as a render. */
function retire(previous: string): void {
  if (!existsSync(previous)) return;
  const review = join(previous, 'review');
  const hosts = existsSync(review) ? readdirSync(review).length : 0;
  if (hosts <= mostHostsRemovedAtOnce) removeTree(previous);
  else spawn('rm', ['-rf', '--', previous], { stdio: 'ignore', detached: true }).unref();
}

const mostHostsRemovedAtOnce = 100;

/** False where there is nothing to rename, or something at the new place already. */
function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || isTaken(error)) return false;
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Node removes large trees file by file at several times the cost of rm. */
function removeTree(path: string): void {
  const { status } = spawnSync('rm', ['-rf', '--', path], { stdio: 'ignore' });
  if (status !== 0) rmSync(path, { recursive: true, force: true });
}
