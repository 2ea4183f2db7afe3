/** `hardway binaries list, fetch, verify`: the official files that an inventory's hosts need. */
import { existsSync, statSync } from 'node:fs';
import { type Artefact, artefactsOf } from '../binaries/artefacts.ts';
import { cachedFile } from '../binaries/cache.ts';
import { fetchBinaries } from '../binaries/fetch.ts';
import { createAgent } from '../binaries/http.ts';
import { lockPathOf, readLock, writeLock } from '../binaries/lock.ts';
import { BinariesError, type BinariesProblem, throwFailures } from '../binaries/problem.ts';
import { digestOf } from '../binaries/sums.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { createProgress } from '../cli/progress.ts';
import { mirrorObjection, openMirrorFix } from '../inventory/rules/binaries.ts';
import { count, textTable } from '../lib/table.ts';
import { binariesDirOf } from './binary-supply.ts';
import { type InventoryOptions, readCluster } from './inventory.ts';

export interface BinariesOptions extends InventoryOptions {
  readonly binariesDir: string | undefined;
}

export interface BinariesFetchOptions extends BinariesOptions {
  readonly from: string | undefined;
  readonly mirror: string | undefined;
}

/** A file, as every command here shows it in JSON. */
interface FileRow {
  readonly path: string;
  readonly url: string;
  readonly arch: string;
  readonly version: string;
  readonly binaries: readonly string[];
  readonly roles: readonly string[];
  /** In the lock. */
  readonly sha256: string | null;
  readonly state: string;
  /** SHA-256 of what is there, where that was read. */
  readonly found?: string | null;
}

/** Runs `binaries list`: reads no file, so `cached` says only that one is there. */
export function binariesList(options: BinariesOptions, io: Io): ExitStatus {
  const cluster = readCluster(options, io);
  if (cluster === undefined) return exitStatus.wrongInput;
  const lock = readLock(lockPathOf(options.inventory));
  const dir = binariesDirOf(options.binariesDir, io);
  const rows = artefactsOf(cluster).map((artefact) =>
    rowOf(artefact, lock, existsSync(cachedFile(dir, artefact)) ? 'cached' : 'missing'),
  );
  show(options, io, dir, rows);
  return exitStatus.done;
}

/** Runs `binaries verify`; exit status 1 when a file is missing, has no sum, or another one than the lock says. */
export async function binariesVerify(options: BinariesOptions, io: Io): Promise<ExitStatus> {
  const cluster = readCluster(options, io);
  if (cluster === undefined) return exitStatus.wrongInput;
  const lock = readLock(lockPathOf(options.inventory));
  const dir = binariesDirOf(options.binariesDir, io);
  const progress = createProgress(io, options.quiet);
  const artefacts = artefactsOf(cluster);
  const rows: FileRow[] = [];
  for (const artefact of artefacts) {
    const found = (await digestOf(cachedFile(dir, artefact)))?.sha256 ?? null;
    const wanted = lock.get(artefact.path);
    const present = wanted === undefined ? 'no sum in the lock' : found === wanted ? 'whole' : 'differs';
    rows.push({ ...rowOf(artefact, lock, found === null ? 'missing' : present), found });
    progress.update('files', rows.length, artefacts.length);
  }
  progress.finish();
  show(options, io, dir, rows);
  const wrong = rows.filter(({ state }) => state !== 'whole');
  if (options.format === 'text') io.stderr(wrong.map((row) => complaint(row, dir)).join(''));
  return wrong.length === 0 ? exitStatus.done : exitStatus.found;
}

function complaint({ path, state, sha256, found }: FileRow, dir: string): string {
  const sums = state === 'differs' ? `\n  SHA-256 wanted ${sha256}\n  SHA-256 found  ${found}` : '';
  return `${dir}/${path}: ${state}${sums}\n  fix: run hardway binaries fetch\n`;
}

/**
 * Runs `binaries fetch`.
 * @throws BinariesError when the command line is wrong, before any work, or when a file cannot be had.
 */
export async function binariesFetch(options: BinariesFetchOptions, io: Io): Promise<ExitStatus> {
  const wrong = [...wrongSources(options)];
  if (wrong.length > 0) throw new BinariesError('input', wrong);
  const cluster = readCluster(options, io);
  if (cluster === undefined) return exitStatus.wrongInput;
  const lockPath = lockPathOf(options.inventory);
  const before = readLock(lockPath);
  const dir = binariesDirOf(options.binariesDir, io);
  const progress = createProgress(io, options.quiet);
  const artefacts = artefactsOf(cluster);
  const agent = createAgent();
  try {
    const { lock, files, failures } = await fetchBinaries(artefacts, {
      lock: before,
      cacheDir: dir,
      mirror: (options.mirror ?? cluster.binaries.mirror)?.replace(/\/+$/, ''),
      from: options.from,
      agent,
      onProgress: (done, total) => progress.update('MiB', mebibytes(done), mebibytes(total)),
    });
    const isChanged = writeLock(lockPath, before, lock);
    progress.finish();
    throwFailures(failures);
    const states = new Map(files.map(({ path, state }) => [path, state]));
    show(
      options,
      io,
      dir,
      artefacts.map((one) => rowOf(one, lock, states.get(one.path) ?? 'missing')),
    );
    if (isChanged && !options.quiet)
      io.stderr(`${lockPath} has new sums: review and keep it with the inventory\n`);
    return exitStatus.done;
  } finally {
    progress.finish();
    await agent.destroy();
  }
}

/** A mirror of the command line obeys the rules of one in the inventory. */
function* wrongSources({ mirror, from }: BinariesFetchOptions): Iterable<BinariesProblem> {
  const objection = mirror === undefined ? undefined : mirrorObjection(mirror);
  if (objection !== undefined) yield { message: `--mirror ${objection}`, fix: openMirrorFix };
  if (from !== undefined && !isFolder(from))
    yield { message: `--from: there is no folder ${from}`, fix: 'name the folder that holds the files' };
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1_048_576);
}

function rowOf(artefact: Artefact, lock: ReadonlyMap<string, string>, state: string): FileRow {
  const { path, url, arch, version, binaries } = artefact;
  return {
    path,
    url,
    arch,
    version,
    binaries: binaries.map(({ name }) => name),
    roles: [...new Set(binaries.flatMap(({ roles }) => roles))],
    sha256: lock.get(path) ?? null,
    state,
  };
}

function show(options: BinariesOptions, io: Io, dir: string, rows: readonly FileRow[]): void {
  if (options.format === 'json') {
    io.stdout(`${JSON.stringify({ dir, lock: lockPathOf(options.inventory), files: rows }, null, 2)}\n`);
    return;
  }
  if (options.quiet) return;
  const cells = rows.map(({ path, version, arch, roles, sha256, state }) => [
    path.slice(path.lastIndexOf('/') + 1),
    version,
    arch,
    roles.join(', '),
    sha256?.slice(0, 12) ?? '-',
    state,
  ]);
  io.stdout(textTable(['FILE', 'VERSION', 'ARCH', 'FOR', 'SHA-256', 'STATE'], cells));
  io.stdout(`\n${count(rows.length, 'file')} in ${dir}\n`);
}
