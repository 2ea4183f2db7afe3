/**
 * Official files in, one archive per role and architecture out: what all hosts of a role share is
 * packed once. Every file and every program in it is held against its sum in the lock. A packed archive
 * stays in the cache by what is in it, so that the next render links it; no program is ever in memory as a whole.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  createWriteStream,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { syncPaths, writeFileAtomic } from '../lib/atomic-write.ts';
import { makeFolder } from '../lib/make-folder.ts';
import { forEachLimited } from '../lib/parallel.ts';
import type { Architecture, Cluster, Role } from '../model/cluster.ts';
import { type Artefact, artefactsOf, type Binary, kindsOf } from './artefacts.ts';
import { cachedFile } from './cache.ts';
import { forEachProgram } from './contents.ts';
import { elfObjection } from './elf.ts';
import type { Lock } from './lock.ts';
import { BinariesError, throwFailures, wrongSum } from './problem.ts';
import { createDigest, digestOf } from './sums.ts';

/** An archive with the binaries of a role for an architecture: ROLE-ARCH.tar.gz, each binary by its plain name. */
export interface BinaryArchive {
  readonly name: string;
  readonly role: Role;
  readonly arch: Architecture;
  readonly bytes: number;
  readonly sha256: string;
}

/** Counts in the name of a packed archive in the cache: another number where the same programs give other bytes. */
const packFormat = 1;

/** The quickest: these archives are copied once, and made anew with each version. */
const compressionLevel = 1;

/** Archives that are packed at once: as many as a small machine has cores. */
const concurrency = 2;

/** As in bundles, see bundle/tar.ts. */
const entryDate = new Date('2000-01-01T00:00:00Z');
const unknownSystem = 255;

/** What an archive is called. */
export function archiveName(role: Role, arch: Architecture): string {
  return `${role}-${arch}.tar.gz`;
}

/**
 * Puts the archives of a cluster into a folder, out of the cache.
 * @throws BinariesError when a file is missing, or differs from the lock.
 */
export async function packBinaries(
  cluster: Cluster,
  lock: Lock,
  cacheDir: string,
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<BinaryArchive[]> {
  const artefacts = artefactsOf(cluster);
  const kinds = kindsOf(cluster)
    .map((kind) => ({ ...kind, artefacts: artefacts.flatMap((artefact) => forKind(artefact, kind)) }))
    .filter((kind) => kind.artefacts.length > 0);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const archives: BinaryArchive[] = [];
  const failures: unknown[] = [];
  let done = 0;
  await forEachLimited(kinds, concurrency, async ({ role, arch, artefacts: files }, index) => {
    try {
      const { path, bytes, sha256 } = await packedInCache(files, lock, cacheDir);
      const name = archiveName(role, arch);
      linkOrCopy(path, join(folder, name));
      archives[index] = { name, role, arch, bytes, sha256 };
    } catch (error) {
      failures.push(error);
    }
    onProgress(++done, kinds.length);
  });
  throwFailures(failures);
  return archives;
}

/** The file with those of its binaries that a role runs. */
function forKind(artefact: Artefact, { role, arch }: { role: Role; arch: Architecture }): Artefact[] {
  const binaries = artefact.binaries.filter(({ roles }) => roles.includes(role));
  return artefact.arch === arch && binaries.length > 0 ? [{ ...artefact, binaries }] : [];
}

interface PackedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The archive of these programs in the cache: as it is there when it is whole, else packed anew. */
async function packedInCache(
  artefacts: readonly Artefact[],
  lock: Lock,
  cacheDir: string,
): Promise<PackedFile> {
  const path = join(cacheDir, 'packed', `${keyOf(artefacts, lock)}.tar.gz`);
  const known = await digestOf(path);
  if (known !== undefined && known.sha256 === readSum(`${path}.sha256`)) return { path, ...known };
  makeFolder(join(cacheDir, 'packed'), 0o700);
  const draft = `${path}.${process.pid}.tmp`;
  try {
    const { sha256, bytes } = await packInto(draft, artefacts, lock, cacheDir);
    await syncPaths(join(cacheDir, 'packed'), [draft]);
    renameSync(draft, path);
    writeFileAtomic(`${path}.sha256`, `${sha256}\n`, 0o600);
    return { path, bytes, sha256 };
  } finally {
    rmSync(draft, { force: true });
  }
}

/** What an archive is made of, as a word. */
function keyOf(artefacts: readonly Artefact[], lock: Lock): string {
  const programs = artefacts.flatMap(({ binaries }) =>
    binaries.map(({ name, lockName }) => [name, lock.get(lockName)]),
  );
  return createHash('sha256')
    .update(JSON.stringify([packFormat, programs]))
    .digest('hex')
    .slice(0, 32);
}

function readSum(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

async function packInto(
  draft: string,
  artefacts: readonly Artefact[],
  lock: Lock,
  cacheDir: string,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const tar = pack();
  const digest = createDigest();
  const written = pipeline(
    Readable.from(tar),
    createGzip({ level: compressionLevel }),
    anonymous((chunk) => digest.add(chunk)),
    createWriteStream(draft, { mode: 0o644 }),
  );
  // Told by what is awaited below.
  tar.on('error', () => {});
  const filled = fill(tar, artefacts, lock, cacheDir);
  // Either may fail first, and the other then never ends by itself.
  filled.catch(() => {});
  try {
    await Promise.race([filled, written]);
    await written;
  } catch (error) {
    tar.destroy(error as Error);
    await written.catch(() => {});
    throw error;
  }
  return digest.end();
}

async function fill(tar: Pack, artefacts: readonly Artefact[], lock: Lock, cacheDir: string): Promise<void> {
  for (const artefact of artefacts) {
    const file = await wholeFile(artefact, lock, cacheDir);
    await forEachProgram(artefact, file, async (binary, size, content) => {
      const digest = createDigest();
      await addEntry(tar, binary.name, size, content, digest.add);
      checkProgram(artefact, binary, digest.end(), lock);
    });
  }
  tar.finalize();
}

function addEntry(
  tar: Pack,
  name: string,
  size: number,
  content: AsyncIterable<Buffer>,
  see: (chunk: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const header = { name, size, mode: 0o755, mtime: entryDate, uname: 'root', gname: 'root' };
    const entry = tar.entry(header, (error) => (error ? reject(error) : resolve()));
    entry.on('error', reject);
    const copy = async () => {
      for await (const chunk of content) {
        see(chunk);
        if (!entry.write(chunk)) await once(entry, 'drain');
      }
      entry.end(undefined);
    };
    copy().catch(reject);
  });
}

/** The file's path in the cache; an archive is read whole before anything in it is believed. */
async function wholeFile(artefact: Artefact, lock: Lock, cacheDir: string): Promise<string> {
  const file = cachedFile(cacheDir, artefact);
  const isProgram = artefact.binaries[0]?.member === undefined;
  // What is one program is checked while it is packed.
  if (isProgram) return file;
  const found = await digestOf(file);
  if (found?.sha256 === lock.get(artefact.path)) return file;
  throw new BinariesError('environment', [
    wrongSum(file, lock.get(artefact.path) ?? 'none', found?.sha256 ?? 'none', fetchAgain),
  ]);
}

const fetchAgain = 'run hardway binaries fetch, which gets it anew';

function checkProgram(
  artefact: Artefact,
  { name, lockName }: Binary,
  found: { readonly sha256: string; readonly start: Buffer },
  lock: Lock,
): void {
  const wanted = lock.get(lockName);
  if (found.sha256 !== wanted)
    throw new BinariesError('environment', [wrongSum(lockName, wanted ?? 'none', found.sha256, fetchAgain)]);
  const objection = elfObjection(found.start, artefact.arch);
  if (objection === undefined) return;
  const message = `${name} in ${artefact.path} ${objection}`;
  throw new BinariesError('environment', [
    { message, fix: 'correct its sums in binaries.lock, and fetch it again' },
  ]);
}

/** Sets byte 9 of a gzip header, the system that compressed (RFC 1952, 2.3), to unknown; shows what goes by. */
function anonymous(see: (chunk: Buffer) => void): Transform {
  const place = 9;
  let offset = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (offset <= place && place < offset + chunk.length) chunk[place - offset] = unknownSystem;
      offset += chunk.length;
      see(chunk);
      done(null, chunk);
    },
  });
}

/** A link costs nothing; between file systems, and where there are none, a copy. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(code)) throw error;
    copyFileSync(from, to);
  }
}
