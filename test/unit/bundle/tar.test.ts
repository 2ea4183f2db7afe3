/** Bundles as other programs read them: GNU tar, Python, and zlib. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { TarArchive } from 'archiver';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { BundleEntry } from '../../../src/bundle/bundle.ts';
import { compressEnd, createPacker } from '../../../src/bundle/tar.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { canRun, run } from '../../support/requirements.ts';

const folder = temporaryFolder('tar');

function entry(name: string, content: string | Buffer, mode = 0o644): BundleEntry {
  const bytes = Buffer.from(content);
  return { name, mode, content: bytes, review: bytes };
}

const script = Buffer.from(`#!/bin/bash\n${'echo hardway\n'.repeat(3000)}`);
const deep = `rootfs/${'long-folder-name-of-a-host/'.repeat(6)}file`;
const entries = [
  entry('SHA256SUMS', 'sums\n'),
  entry('manifest', 'hardway-manifest 1\n'),
  entry('rootfs/etc/empty', ''),
  entry('rootfs/etc/secret', 'x'.repeat(513), 0o600),
  entry('rootfs/etc/bytes', Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256))),
  entry(deep, 'deep'),
  entry('install.sh', script, 0o755),
];

const file = join(folder, 'node01.tar.gz');
let packed: Buffer;

beforeAll(async () => {
  packed = await createPacker(compressEnd(script))('node01', entries);
  writeFileSync(file, packed);
});

/** Where gzip members begin. */
function members(bytes: Buffer): number[] {
  return [...bytes.keys()].filter(
    (at) => bytes.readUInt32BE(Math.min(at, bytes.length - 4)) >>> 8 === 0x1f8b08,
  );
}

describe('a bundle', () => {
  test('is two gzip members that name no system and no time', () => {
    const starts = members(packed);
    expect(starts.length).toBeGreaterThanOrEqual(2);
    expect(starts[0]).toBe(0);
    const end = compressEnd(script);
    expect(packed.subarray(-end.compressed.length).equals(end.compressed)).toBe(true);
    for (const at of [0, packed.length - end.compressed.length]) {
      expect([...packed.subarray(at + 3, at + 8)]).toEqual([0, 0, 0, 0, 0]);
      expect(packed[at + 9]).toBe(255);
    }
  });

  test('is read whole by zlib and by GNU tar', () => {
    const tar = gunzipSync(packed);
    expect(tar.length % 512).toBe(0);
    expect(tar.subarray(-1024).equals(Buffer.alloc(1024))).toBe(true);
    expect(run('tar', ['-tzf', file]).trim().split('\n')).toEqual(
      entries.map(({ name }) => `node01/${name}`),
    );
    for (const { name, content } of entries) {
      const { stdout } = spawnSync('tar', ['-xzOf', file, `node01/${name}`], { maxBuffer: 1 << 24 });
      expect(stdout.equals(content), name).toBe(true);
    }
    expect(spawnSync('gzip', ['-t', file]).status).toBe(0);
  });

  test('is unpacked with its modes, also under a narrow umask by root', () => {
    const into = join(folder, 'into');
    run('bash', ['-c', 'umask 077; mkdir "$1"; tar -xzpf "$2" -C "$1"', 'bash', into, file]);
    for (const { name, mode, content } of entries) {
      const path = join(into, 'node01', name);
      expect(statSync(path).mode & 0o7777, name).toBe(mode);
      expect(readFileSync(path).equals(content), name).toBe(true);
    }
  });

  test('is read alike by Python', () => {
    const python = spawnSync('python3', ['--version']).status === 0;
    if (!canRun("Python's tarfile", { python3: python })) return;
    const script = [
      'import hashlib, json, sys, tarfile',
      "archive = tarfile.open(sys.argv[1], 'r:gz')",
      'print(json.dumps([[m.name, m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime, m.isfile(),',
      '  hashlib.sha256(archive.extractfile(m).read()).hexdigest()] for m in archive.getmembers()]))',
    ].join('\n');
    const found = JSON.parse(run('python3', ['-c', script, file]));
    const sum = (content: Buffer) =>
      spawnSync('sha256sum', { input: content, encoding: 'utf8' }).stdout.slice(0, 64);
    expect(found).toEqual(
      entries.map(({ name, mode, content }) => [
        `node01/${name}`,
        mode,
        0,
        0,
        'root',
        'root',
        Date.UTC(2000, 0, 1) / 1000,
        true,
        sum(content),
      ]),
    );
  });

  test('has the same bytes each time', async () => {
    expect((await createPacker(compressEnd(Buffer.from(script)))('node01', entries)).equals(packed)).toBe(
      true,
    );
  });

  test('whose end is another is still whole', async () => {
    const other = await createPacker(compressEnd(script))('node01', entries.slice(0, 3));
    expect(gunzipSync(other).includes('hardway-manifest 1')).toBe(true);
    expect(members(other)[0]).toBe(0);
  });

  test.each([0, 1, 511, 512, 513, 1024])('with a last file of %i bytes', async (length) => {
    const content = Buffer.alloc(length, 'a');
    const pack = createPacker(compressEnd(content));
    const bytes = await pack('h', [entry('a', 'b'), { ...entry('install.sh', ''), content }]);
    writeFileSync(join(folder, 'last.tar.gz'), bytes);
    expect(run('tar', ['-xzOf', join(folder, 'last.tar.gz'), 'h/install.sh'])).toHaveLength(length);
  });
});

describe('hosts packed one after another', () => {
  const end = compressEnd(script);
  const hosts = ['node01', 'w', 'node02', `n${'o'.repeat(61)}e`, 'w2', 'node01'];
  /** Of different lengths, so that sizes and names change from host to host. */
  const entriesOf = (host: string) => [entry('manifest', `host ${host}\n`), ...entries];

  test('have the bytes of hosts packed alone', async () => {
    const pack = createPacker(end);
    for (const host of hosts) {
      const alone = await createPacker(end)(host, entriesOf(host));
      expect((await pack(host, entriesOf(host))).equals(alone), host).toBe(true);
    }
  });

  test('have headers that GNU tar reads, whichever host they were first written for', async () => {
    const pack = createPacker(end);
    for (const host of hosts) {
      const tarball = join(folder, 'one-of-many.tar.gz');
      writeFileSync(tarball, await pack(host, entriesOf(host)));
      const names = entriesOf(host).map(({ name }) => `${host}/${name}`);
      expect(run('tar', ['-tzf', tarball]).trim().split('\n')).toEqual(names);
    }
  });

  test('pass through archiver once for each mode and size, but for names that do not fit a header', async () => {
    const append = vi.spyOn(TarArchive.prototype, 'append');
    const pack = createPacker(end);
    for (let index = 100; index < 200; index += 1) await pack(`node${index}`, entries);
    const ofFirst = entries.length;
    expect(append.mock.calls.length).toBe(ofFirst + 99);
    append.mockRestore();
  });
});

describe('names that would leave the folder of the host are refused', () => {
  test.each(['../x', 'a/../x', 'a/..', '..', './x', 'a/./b', 'c:x', 'a\\b'])('%s', async (name) => {
    await expect(createPacker(compressEnd(script))('node01', [entry(name, '')])).rejects.toThrow(
      /not a name/,
    );
  });

  test.each(['../x', '/x', '.', '..'])('a host named %s', async (host) => {
    await expect(createPacker(compressEnd(script))(host, [entry('a', '')])).rejects.toThrow(/not a name/);
  });
});
