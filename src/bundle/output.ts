/**
 * The output folder: written beside the old one and swapped in whole. Until the swap,
 * and when anything fails before it, the previous output stays as it was.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { BundleEntry } from './bundle.ts';

/** Everything that render writes at the top of the output folder. */
const ownNames = new Set(['bundles', 'review', 'SHA256SUMS', 'report.html']);

export interface Output {
  readonly writeBundle: (host: string, tarball: Buffer) => void;
  readonly writeReview: (host: string, entries: readonly BundleEntry[]) => void;
  readonly writeTop: (name: 'SHA256SUMS' | 'report.html', content: string) => void;
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
  const target = existsSync(out) ? realpathSync(out) : resolve(out);
  refuseForeign(target, existsSync(pkiDir) ? realpathSync(pkiDir) : resolve(pkiDir));
  const parent = dirname(target);
  mkdirSync(parent, { recursive: true });
  recover(target);
  const staging = mkdtempSync(join(parent, `.${basename(target)}.new-`));
  chmodSync(staging, 0o755);
  mkdirSync(join(staging, 'bundles'), { mode: 0o700 });
  mkdirSync(join(staging, 'review'));
  const written: Written = new WeakMap();
  return {
    writeBundle: (host, tarball) =>
      writeFileSync(join(staging, 'bundles', `${host}.tar.gz`), tarball, { mode: 0o600 }),
    writeReview: (host, entries) => writeReviewTree(join(staging, 'review', host), entries, written),
    writeTop: (name, content) => writeFileSync(join(staging, name), content, { mode: 0o644 }),
    commit: () => swap(staging, target),
    discard: () => rmSync(staging, { recursive: true, force: true }),
  };
}

function refuseForeign(target: string, pkiDir: string): void {
  if (`${pkiDir}/`.startsWith(`${target}/`)) {
    throw new OutputFolderError(
      `the PKI store ${pkiDir} lies inside the output folder, which every render replaces`,
      'name another folder with --out or --pki-dir',
    );
  }
  if (!existsSync(target)) return;
  if (!statSync(target).isDirectory()) {
    throw new OutputFolderError(`${target} is not a folder`, 'name a folder with --out');
  }
  const foreign = readdirSync(target).find((name) => !ownNames.has(name));
  if (foreign === undefined) return;
  throw new OutputFolderError(
    `the output folder ${target} holds "${foreign}", which hardway did not write`,
    'name a folder of its own with --out, or move the file away',
  );
}

/** Where the old output stands for the moment between the two renames of a swap. */
function previousOf(target: string): string {
  return join(dirname(target), `.${basename(target)}.previous`);
}

/** Mends a swap that was cut off between its two renames. */
function recover(target: string): void {
  const previous = previousOf(target);
  if (!existsSync(previous)) return;
  if (existsSync(target)) rmSync(previous, { recursive: true, force: true });
  else renameSync(previous, target);
}

function swap(staging: string, target: string): void {
  const previous = previousOf(target);
  const hasOld = existsSync(target);
  if (hasOld) renameSync(target, previous);
  try {
    renameSync(staging, target);
  } catch (error) {
    if (hasOld) renameSync(previous, target);
    throw error;
  }
  removeTree(previous);
}

/** Where a buffer was written first: the same content for other hosts becomes a link to it. */
type Written = WeakMap<Buffer, string>;

/** Node removes large trees file by file at several times the cost of rm. */
function removeTree(path: string): void {
  const { status } = spawnSync('rm', ['-rf', '--', path], { stdio: 'ignore' });
  if (status !== 0) rmSync(path, { recursive: true, force: true });
}

function writeReviewTree(folder: string, entries: readonly BundleEntry[], written: Written): void {
  const made = new Set<string>();
  for (const { name, mode, review, certificateText } of entries) {
    const path = join(folder, name);
    const parent = dirname(path);
    if (!made.has(parent)) {
      mkdirSync(parent, { recursive: true });
      made.add(parent);
    }
    // Nothing in a review tree is secret, so all may read it; scripts stay executable.
    writeOrLink(path, review, (mode & 0o111) === 0 ? 0o644 : 0o755, written);
    if (certificateText !== undefined) writeFileSync(`${path}.txt`, certificateText, { mode: 0o644 });
  }
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
    if (['EMLINK', 'EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
