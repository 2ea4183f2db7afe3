/** Reading a copy of a host as if it were its disk, and finding hosts in a folder. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findHosts, placeBelow } from '../../src/tree/find-hosts.ts';
import { openTree } from '../../src/tree/tree.ts';
import { temporaryFolder, writeFiles } from './folder.ts';

function treeOf(files: Record<string, string>, links: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const root = join(folder, 'root');
  mkdirSync(root);
  writeFiles(root, files);
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
  writeFileSync(join(folder, 'outside'), 'outside');
  return { folder, tree: openTree([{ at: '/', folder: root }]) };
}

const textIn = (tree: ReturnType<typeof openTree>, path: string) => tree.file(path)?.content.toString();

describe('links', () => {
  test('that are absolute lead to the root of the copy', () => {
    const { tree } = treeOf(
      { '/etc/passwd': 'of the copy', '/etc/a/b': '' },
      { 'etc/a/link': '/etc/passwd' },
    );
    expect(textIn(tree, '/etc/a/link')).toBe('of the copy');
    expect(tree.target('/etc/a/link')).toBe('/etc/passwd');
  });

  test('never lead out of the copy', () => {
    const { tree } = treeOf(
      { '/etc/a': '' },
      { 'etc/up': '../../../../outside', 'etc/beside': '../../outside', 'etc/host': '/proc/version' },
    );
    for (const path of ['/etc/up', '/etc/beside', '/etc/host', '/../outside', '/etc/../../outside'])
      expect(textIn(tree, path)).toBeUndefined();
  });

  test('to folders are followed within the copy, and loops end', () => {
    const { tree } = treeOf(
      { '/usr/lib/systemd/system/a.service': 'unit' },
      { lib: 'usr/lib', 'usr/lib/again': '/usr', a: 'b', b: 'a' },
    );
    expect(textIn(tree, '/lib/systemd/system/a.service')).toBe('unit');
    expect(tree.below('/usr')).toEqual(['/usr/lib/systemd/system/a.service']);
    expect(textIn(tree, '/a')).toBeUndefined();
  });
});

test('pipes and folders are not opened, and large files are left out with a word', () => {
  const { folder, tree } = treeOf({
    '/etc/kubernetes/large': 'x'.repeat(1_048_577),
    '/etc/kubernetes/small': 'y',
  });
  expect(spawnSync('mkfifo', [join(folder, 'root/etc/kubernetes/pipe')]).status).toBe(0);
  expect(textIn(tree, '/etc/kubernetes/pipe')).toBeUndefined();
  expect(textIn(tree, '/etc/kubernetes')).toBeUndefined();
  expect(textIn(tree, '/etc/kubernetes/large')).toBeUndefined();
  expect(tree.skipped()).toEqual([{ path: '/etc/kubernetes/large', why: 'it is larger than 1 MiB' }]);
  expect(tree.below('/etc')).toEqual(['/etc/kubernetes/large', '/etc/kubernetes/small']);
});

test('text is found in a program of any size, across the edges of chunks', () => {
  const { tree } = treeOf({
    '/usr/bin/kubelet': `${'x'.repeat(4 * 1_048_576 - 10)}version.gitVersion=v1.2.3 ${'y'.repeat(5000)}`,
  });
  expect(tree.searched('/usr/bin/kubelet', /gitVersion=v([\d.]+)/)).toBe('1.2.3');
  expect(tree.searched('/usr/bin/kubelet', /never (there)/)).toBeUndefined();
});

describe('hosts in a folder', () => {
  const found = (files: Record<string, string>, at = '') => {
    const folder = temporaryFolder();
    writeFiles(folder, files);
    return findHosts(join(folder, at)).map(({ name, mounts }) => [name, mounts.length]);
  };

  test('the folder itself is one', () =>
    expect(found({ '/etc/kubernetes/a': '' })).toEqual([[undefined, 1]]));
  test('every folder in it is one', () =>
    expect(
      found({ '/b/etc/kubernetes/a': '', '/a/var/lib/kubelet/config.yaml': '', '/other/file': '' }),
    ).toEqual([
      ['a', 1],
      ['b', 1],
    ]));
  test('a bundle, unpacked, is one by its rootfs', () =>
    expect(found({ '/m1/rootfs/etc/kubernetes/a': '', '/m1/manifest': '' })).toEqual([['m1', 1]]));
  test('the output of a render has them in its review tree', () =>
    expect(found({ '/review/m1/rootfs/etc/kubernetes/a': '', '/bundles/m1.tar.gz': '' })).toEqual([
      ['m1', 1],
    ]));
  test('what k8s-certs-generator wrote stands for folders of hosts', () =>
    expect(
      found({
        '/kubernetes/m1/pki/a': '',
        '/kubernetes/m1/auth/a': '',
        '/kubernetes/kubelet/pki/a': '',
        '/kubernetes/kubelet/auth/a': '',
        '/kubernetes/CA/a': '',
        '/etcd/pki/a': '',
      }),
    ).toEqual([
      ['kubelet', 1],
      ['m1', 2],
    ]));

  test('a link is none, since it may lead anywhere', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { '/a/etc/kubernetes/a': '' });
    symlinkSync('/', join(folder, 'b'));
    expect(findHosts(folder).map(({ name }) => name)).toEqual(['a']);
  });

  test.each(['', 'missing', 'file'])('"%s" has none, which is said', (at) => {
    const folder = temporaryFolder();
    writeFiles(folder, { '/file': '', '/folder/x': '' });
    expect(() => findHosts(join(folder, at))).toThrow(/no such folder|no folder|no copy of a host/);
  });

  test('places are told from the folder that was named', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { '/m1/rootfs/etc/kubernetes/a': '' });
    expect(findHosts(folder).map((host) => placeBelow(folder, host, '/etc/kubernetes/a'))).toEqual([
      'm1/rootfs/etc/kubernetes/a',
    ]);
  });
});

test('a rootfs that is a link is no host: it could lead anywhere', () => {
  const folder = temporaryFolder();
  writeFiles(folder, { '/copies/h1/manifest': '', '/other/etc/kubernetes/apiserver': '' });
  symlinkSync(join(folder, 'other'), join(folder, 'copies/h1/rootfs'));
  expect(() => findHosts(join(folder, 'copies'))).toThrow();
});
