/** Bundles read back: what was packed comes out, and what is no bundle is refused with a reason. */
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { readBundle } from '../../../src/bundle/read.ts';
import { readManifest } from '../../../src/bundle/read-manifest.ts';
import { compressEnd, createPacker } from '../../../src/bundle/tar.ts';

const entries = [
  { name: 'manifest', mode: 0o644, content: Buffer.from('hardway-manifest 1\n') },
  { name: `rootfs/etc/${'long/'.repeat(60)}name`, mode: 0o600, content: Buffer.alloc(70_000, 'x') },
  { name: 'install.sh', mode: 0o755, content: Buffer.from('#!/bin/bash\n') },
];
const packed = createPacker(compressEnd(Buffer.from('#!/bin/bash\n')));

type Header = Parameters<ReturnType<typeof pack>['entry']>[0];

/** A tarball of entries that no bundle would have. */
async function tarball(...headers: readonly Header[]): Promise<Buffer> {
  const archive = pack();
  for (const header of headers) archive.entry(header, header.type === undefined ? 'text' : '');
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}

test('what was packed comes out', async () => {
  const read = await readBundle('a', await packed('a', entries));
  expect([...read].map(([name, { mode, content }]) => ({ name, mode, content }))).toEqual(entries);
});

describe('refuses', () => {
  test.each<readonly [string, readonly Header[], string]>([
    ['what leads out of the folder', [{ name: 'a/../../etc/passwd' }], 'which is not below a/'],
    ['an absolute path', [{ name: '/etc/passwd' }], 'which is not below a/'],
    ['the bundle of another host', [{ name: 'b/manifest' }], 'which is not below a/'],
    ['a link', [{ name: 'a/manifest', type: 'symlink', linkname: '/etc/shadow' }], 'which is no plain file'],
    ['a device', [{ name: 'a/manifest', type: 'character-device' }], 'which is no plain file'],
    ['a name twice', [{ name: 'a/manifest' }, { name: 'a/manifest' }], 'holds manifest twice'],
    ['no manifest', [{ name: 'a/install.sh' }], 'holds no manifest'],
    ['control characters, visibly', [{ name: 'a\u001b[31m/x' }], '"a\\u001b[31m/x"'],
  ])('%s', async (_, headers, message) => {
    await expect(readBundle('a', await tarball(...headers))).rejects.toThrow(message);
  });

  test('every beginning of a tarball', async () => {
    const whole = await packed('a', entries);
    for (let length = 0; length < whole.length; length += Math.ceil(whole.length / 40))
      await expect(readBundle('a', whole.subarray(0, length)), String(length)).rejects.toThrow(
        /is cut off|holds no/,
      );
  });

  test('what is no tar inside', async () => {
    await expect(readBundle('a', gzipSync(Buffer.alloc(4096, 1)))).rejects.toThrow('is cut off or damaged');
  });

  test('what unpacks to more than a bundle can be', async () => {
    const chunk = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const bomb = Buffer.concat(Array.from({ length: 9 }, () => chunk));
    await expect(readBundle('a', bomb)).rejects.toThrow('unpacks to more than 512 MiB');
  });
});

test('a manifest is taken apart', () => {
  const text = [
    'hardway-manifest 1',
    '# a remark',
    'cluster c',
    'kubernetes 1.20.2',
    'fqdn -',
    'address 192.0.2.1',
    'role etcd',
    'role worker',
    'file 0600 root:kube /etc/a a.service,b.service',
    'block 0644 root:root /etc/hosts -',
    'unit a.service enable',
    '',
  ].join('\n');
  const { statements, files, units, roles, addresses, cluster, kubernetes, fqdn } = readManifest(text);
  expect(files).toEqual([
    { path: '/etc/a', mode: '0600', owner: 'root:kube', services: ['a.service', 'b.service'] },
    { path: '/etc/hosts', mode: '0644', owner: 'root:root', services: [] },
  ]);
  expect(units).toEqual([{ name: 'a.service', start: 'enable' }]);
  expect([roles, addresses, cluster, kubernetes, fqdn]).toEqual([
    ['etcd', 'worker'],
    ['192.0.2.1'],
    'c',
    '1.20.2',
    undefined,
  ]);
  expect(statements).toHaveLength(8);
});
