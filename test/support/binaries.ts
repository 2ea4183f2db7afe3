/** Official files as they are published, made small: every program is the header of one for its architecture and a line. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Artefact, artefactsOf } from '../../src/binaries/artefacts.ts';
import { type Lock, lockText } from '../../src/binaries/lock.ts';
import type { Architecture, Cluster } from '../../src/model/cluster.ts';

const machineNumbers: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 };

/** Bytes that begin as a program for an architecture does. */
export function fakeProgram(arch: Architecture, text: string): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(machineNumbers[arch], 18);
  return Buffer.concat([header, Buffer.from(`${text}\n`)]);
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What a program holds; by default its file's name and its own. */
export type Programs = (artefact: Artefact, name: string) => Buffer;

const fakes: Programs = (artefact, name) => fakeProgram(artefact.arch, `${artefact.path} ${name}`);

/**
 * Writes the files of a cluster, and the sums that are published beside them, below a folder as a
 * mirror and the cache have them; gives the lock that they make.
 */
export function publish(cluster: Cluster, folder: string, programs = fakes): Map<string, string> {
  const lock = new Map<string, string>();
  for (const artefact of artefactsOf(cluster)) {
    const contents = artefact.binaries.map((binary) => ({
      ...binary,
      bytes: programs(artefact, binary.name),
    }));
    for (const { lockName, bytes } of contents) lock.set(lockName, sha256Of(bytes));
    const [first] = contents;
    const bytes =
      first?.member === undefined ? (first?.bytes ?? Buffer.alloc(0)) : archiveOf(folder, contents);
    write(join(folder, artefact.path), bytes);
    lock.set(artefact.path, sha256Of(bytes));
    publishSum(folder, artefact, sha256Of(bytes));
  }
  return lock;
}

/** One sum alone, or a line of a list that several files share, as the projects do it. */
function publishSum(folder: string, { path, sumsUrl }: Artefact, sum: string): void {
  const file = join(folder, sumsUrl.replace('https://', ''));
  mkdirSync(dirname(file), { recursive: true });
  if (sumsUrl.endsWith('SHA256SUMS'))
    appendFileSync(file, `${sum}  ${path.slice(path.lastIndexOf('/') + 1)}\n`);
  else writeFileSync(file, sum);
}

function archiveOf(
  folder: string,
  contents: readonly { readonly member: string | undefined; readonly bytes: Buffer }[],
): Buffer {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, '.tar-'));
  const members = contents.map(({ member = '', bytes }) => {
    write(join(work, member), bytes);
    return member;
  });
  write(join(work, members[0] ?? '', '..', 'README.md'), Buffer.from('read me\n'));
  const readme = join(dirname(members[0] ?? ''), 'README.md');
  const most = 256 * 1024 * 1024;
  const tar = execFileSync('tar', ['-czf', '-', '-C', work, readme, ...members], { maxBuffer: most });
  rmSync(work, { recursive: true });
  return tar;
}

function write(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes, { mode: 0o755 });
}

/** Writes a lock beside an inventory. */
export function writeLockBeside(inventory: string, lock: Lock): void {
  writeFileSync(join(dirname(inventory), 'binaries.lock'), lockText(lock));
}
