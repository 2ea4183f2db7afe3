/**
 * Official files into the cache: each from its place, from a mirror or from a local folder, held against
 * its sum. Sums come out of the lock, and what the lock does not know yet out of what is published over TLS;
 * a mirror or a folder is never asked for them.
 */
import { constants, copyFileSync, existsSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Dispatcher } from 'undici';
import { syncPaths } from '../lib/atomic-write.ts';
import { withLock } from '../lib/lock.ts';
import { makeFolder } from '../lib/make-folder.ts';
import { forEachLimited } from '../lib/parallel.ts';
import type { Artefact } from './artefacts.ts';
import { cachedFile } from './cache.ts';
import { digestPrograms } from './contents.ts';
import { elfObjection } from './elf.ts';
import { forgetPart, getFile, getText } from './http.ts';
import type { Lock } from './lock.ts';
import { BinariesError, type BinariesProblem, throwFailures, wrongSum } from './problem.ts';
import { digestOf } from './sums.ts';

export interface FetchOptions {
  readonly lock: Lock;
  readonly cacheDir: string;
  /** Base URL, see Cluster.binaries.mirror. */
  readonly mirror: string | undefined;
  /** A folder on this machine instead of a server. */
  readonly from: string | undefined;
  readonly agent: Dispatcher;
  /** Bytes so far, and how many are known of. */
  readonly onProgress: (done: number, total: number) => void;
}

export interface FetchedFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** `cached`: it was there, and whole. */
  readonly state: 'cached' | 'fetched' | 'copied';
}

export interface Fetched {
  /** The lock with what was learned; of files that failed, nothing. */
  readonly lock: Lock;
  readonly files: readonly FetchedFile[];
  readonly failures: readonly unknown[];
}

const concurrency = 4;
const lockWaitMs = 600_000;

/**
 * Fetches what the cache lacks. Another fetch into the same cache is waited for.
 * @throws BinariesError when sums cannot be had: nothing has been fetched then.
 */
export async function fetchBinaries(artefacts: readonly Artefact[], options: FetchOptions): Promise<Fetched> {
  makeFolder(options.cacheDir, 0o700);
  return withLock(options.cacheDir, lockWaitMs, async () => {
    const sums = await officialSums(artefacts, options);
    const lock = new Map(options.lock);
    const files: FetchedFile[] = [];
    const failures: unknown[] = [];
    const progress = createTotals(options.onProgress);
    await forEachLimited(artefacts, concurrency, async (artefact, index) => {
      try {
        const file = await obtain(artefact, sums, options, progress);
        for (const [name, sum] of await checkedPrograms(artefact, options)) lock.set(name, sum);
        lock.set(artefact.path, file.sha256);
        files[index] = file;
      } catch (error) {
        failures.push(error);
      }
    });
    return { lock, files: files.filter(Boolean), failures };
  });
}

/** The sums of all files: those of the lock stand, the others are read where they are published. */
async function officialSums(artefacts: readonly Artefact[], { lock, agent }: FetchOptions): Promise<Lock> {
  const unknown = artefacts.filter(({ path }) => !lock.has(path));
  const lists = new Map<string, string>();
  const failures: unknown[] = [];
  const urls = [...new Set(unknown.map(({ sumsUrl }) => sumsUrl))];
  await forEachLimited(urls, concurrency, async (url) => {
    try {
      lists.set(url, await getText(url, agent));
    } catch (error) {
      failures.push(new BinariesError('environment', [noSum(url, reasonOf(error))]));
    }
  });
  throwFailures(failures);
  const read = unknown.map(
    (artefact) => [artefact.path, sumIn(lists.get(artefact.sumsUrl) ?? '', artefact)] as const,
  );
  return new Map([...lock, ...read]);
}

function noSum(url: string, reason: string): BinariesProblem {
  return {
    message: `the official sum at ${url} cannot be read: ${reason}`,
    fix: 'run hardway binaries fetch once where that is reachable and bring binaries.lock, or write sums that you trust into it (docs/binaries.md); a mirror is not asked for sums',
  };
}

/** A line `SUM  NAME` of a list, or the sum that stands alone. */
function sumIn(text: string, { path, sumsUrl }: Artefact): string {
  const lines = text.split('\n').map((line) => /^([0-9a-f]{64})(?:\s+\*?(?:\.\/)?(\S+))?\s*$/.exec(line));
  const found = lines.find((match) => match !== null && [basename(path), undefined].includes(match[2]));
  if (found?.[1] !== undefined) return found[1];
  throw new BinariesError('environment', [noSum(sumsUrl, `it does not name ${basename(path)}`)]);
}

/** What went wrong, in words: an error of several addresses tried has none of its own. */
function reasonOf(error: unknown): string {
  const { message, code = '', cause } = error as NodeJS.ErrnoException;
  return (
    [message, cause instanceof Error ? cause.message : '', code].find((text) => text !== '') ?? 'unknown'
  );
}

type Note = (path: string, done: number, total: number) => void;

function createTotals(onProgress: FetchOptions['onProgress']): Note {
  const known = new Map<string, readonly [number, number]>();
  return (path, done, total) => {
    known.set(path, [done, total]);
    const all = [...known.values()];
    onProgress(
      all.reduce((sum, [one]) => sum + one, 0),
      all.reduce((sum, [, one]) => sum + one, 0),
    );
  };
}

async function obtain(
  artefact: Artefact,
  sums: Lock,
  options: FetchOptions,
  note: Note,
): Promise<FetchedFile> {
  const { path } = artefact;
  const wanted = sums.get(path) ?? '';
  const place = cachedFile(options.cacheDir, artefact);
  const cached = await digestOf(place);
  if (cached?.sha256 === wanted) return { path, sha256: wanted, bytes: cached.bytes, state: 'cached' };
  makeFolder(dirname(place), 0o700);
  const part = `${place}.part`;
  if (options.from === undefined) await download(artefact, part, wanted, options, note);
  else await copyFrom(options.from, artefact, part, wanted);
  await syncPaths(dirname(place), [part]);
  const { size } = statSync(part);
  renameSync(part, place);
  forgetPart(part);
  return { path, sha256: wanted, bytes: size, state: options.from === undefined ? 'fetched' : 'copied' };
}

/** A part of an earlier run may be of another file than the server has now: then it is fetched once more as a whole. */
async function download(
  artefact: Artefact,
  part: string,
  wanted: string,
  { mirror, agent }: FetchOptions,
  note: Note,
): Promise<void> {
  const url = mirror === undefined ? artefact.url : `${mirror}/${artefact.path}`;
  for (const mayBeStale of [existsSync(part), false]) {
    await getFile(url, part, agent, (done, total) => note(artefact.path, done, total)).catch(
      (error: unknown) => {
        const message = `cannot fetch ${url}: ${reasonOf(error)}`;
        const fix = 'run it again when that is reachable: what is there is gone on with';
        throw new BinariesError('environment', [{ message, fix }]);
      },
    );
    const found = (await digestOf(part))?.sha256 ?? 'none';
    if (found === wanted) return;
    forgetPart(part);
    if (mayBeStale) continue;
    throw new BinariesError('environment', [wrongSum(url, wanted, found, differs(mirror !== undefined))]);
  }
}

function differs(isMirror: boolean): string {
  return isMirror
    ? 'this mirror does not serve the official file: ask who keeps it, or use another'
    : 'find out why it changed; only if the new one is right, delete its lines from binaries.lock';
}

/** In the folder as a mirror has it, or by its name, alone or below a folder of its architecture. */
async function copyFrom(from: string, artefact: Artefact, part: string, wanted: string): Promise<void> {
  const name = basename(artefact.path);
  const places = [join(from, artefact.path), join(from, artefact.arch, name), join(from, name)];
  const problems: BinariesProblem[] = [];
  for (const place of places) {
    const found = await digestOf(place);
    if (found?.sha256 === wanted) {
      copyFileSync(place, part, constants.COPYFILE_FICLONE);
      return;
    }
    if (found !== undefined)
      problems.push(wrongSum(place, wanted, found.sha256, `put the official file there: ${artefact.url}`));
  }
  if (problems.length > 0) throw new BinariesError('environment', problems);
  const message = `${from} holds neither ${artefact.path} nor ${name}`;
  throw new BinariesError('environment', [{ message, fix: `put it there: ${artefact.url}` }]);
}

/** The sums of the programs in a file that is whole; each is for the right machine, and as the lock knows it. */
async function checkedPrograms(
  artefact: Artefact,
  { cacheDir, lock }: FetchOptions,
): Promise<Map<string, string>> {
  const digests = await digestPrograms(artefact, cachedFile(cacheDir, artefact));
  const problems = [...digests].flatMap(([name, { sha256, start }]) => {
    const locked = lock.get(name) ?? sha256;
    const objection = elfObjection(start, artefact.arch);
    return [
      ...(locked === sha256
        ? []
        : [wrongSum(name, locked, sha256, 'delete its line from binaries.lock if the new one is right')]),
      ...(objection === undefined
        ? []
        : [{ message: `${name} ${objection}`, fix: 'correct the sum of its file in binaries.lock' }]),
    ];
  });
  if (problems.length > 0) throw new BinariesError('environment', problems);
  return new Map([...digests].map(([name, { sha256 }]) => [name, sha256]));
}
