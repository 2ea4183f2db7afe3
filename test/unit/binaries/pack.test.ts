/** Archives of binaries: what is in them, the same bytes each time, and nothing that the lock does not vouch for. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { artefactsOf } from '../../../src/binaries/artefacts.ts';
import { packBinaries } from '../../../src/binaries/pack.ts';
import { fakeProgram, publish, sha256Of } from '../../support/binaries.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { clusterOf, fiveHosts } from '../../support/clusters.ts';

const folder = temporaryFolder('pack');
const mixed = clusterOf(
  'kubernetes: { version: 1.36.3 }',
  fiveHosts.replace('w2, address: 192.0.2.5,', 'w2, arch: arm64, address: 192.0.2.5,'),
);

let cache = '';
let lock = new Map<string, string>();
beforeEach(() => {
  cache = mkdtempSync(join(folder, 'cache-'));
  lock = publish(mixed, cache);
});

function packInto(name: string) {
  return packBinaries(mixed, lock, cache, join(mkdtempSync(join(folder, 'out-')), name), () => {});
}

async function refusal(): Promise<string> {
  return packInto('binaries').then(
    () => 'packed',
    (error: Error) => error.message,
  );
}

test('one archive per role and architecture, with what the role runs', async () => {
  const out = join(mkdtempSync(join(folder, 'out-')), 'binaries');
  const archives = await packBinaries(mixed, lock, cache, out, () => {});
  const members = archives.map(({ name }) =>
    execFileSync('tar', ['-tzf', join(out, name)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .sort(),
  );
  const worker = ['bridge', 'host-local', 'kube-proxy', 'kubelet', 'loopback', 'portmap'];
  expect(Object.fromEntries(archives.map(({ name }, index) => [name, members[index]]))).toEqual({
    'etcd-amd64.tar.gz': ['etcd', 'etcdctl', 'etcdutl'],
    'control-plane-amd64.tar.gz': ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'],
    'worker-amd64.tar.gz': worker,
    'worker-arm64.tar.gz': worker,
  });
  for (const { name, bytes, sha256 } of archives) {
    const packed = readFileSync(join(out, name));
    expect([packed.length, sha256Of(packed)]).toEqual([bytes, sha256]);
    // Neither a moment nor a system in the header (RFC 1952, 2.3).
    expect([...packed.subarray(4, 8), packed[9]]).toEqual([0, 0, 0, 0, 255]);
  }
  const kubelet = execFileSync('tar', ['-xzOf', join(out, 'worker-arm64.tar.gz'), 'kubelet']);
  expect(kubelet).toEqual(fakeProgram('arm64', 'dl.k8s.io/release/v1.36.3/bin/linux/arm64/kubelet kubelet'));
});

test('the same files give the same bytes, packed anew or out of the cache', async () => {
  const [first, linked] = [await packInto('binaries'), await packInto('binaries')];
  rmSync(join(cache, 'packed'), { recursive: true });
  expect([linked, await packInto('binaries')]).toEqual([first, first]);
});

test('a packed archive that was damaged in the cache is packed anew', async () => {
  const first = await packInto('binaries');
  for (const file of readdirSync(join(cache, 'packed'))) {
    if (file.endsWith('.gz')) truncateSync(join(cache, 'packed', file), 100);
  }
  expect(await packInto('binaries')).toEqual(first);
});

describe('a file in the cache that is not what the lock says', () => {
  const files = artefactsOf(mixed);
  test.each(files.map(({ path }) => path))('%s', async (path) => {
    const file = join(cache, path);
    const found = Buffer.concat([readFileSync(file), Buffer.from('x')]);
    writeFileSync(file, found);
    const message = await refusal();
    expect(message).toContain(path);
    expect(message).toContain(`wanted ${lock.get(path)}`);
    expect(message).toContain(`found  ${sha256Of(found)}`);
    const left = readdirSync(join(cache, 'packed'));
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('truncated', async () => {
    const path = files.find(({ product }) => product === 'etcd')?.path ?? '';
    truncateSync(join(cache, path), statSync(join(cache, path)).size - 1);
    expect(await refusal()).toContain(`wanted ${lock.get(path)}`);
  });
});

test('a program for another machine is refused, also when its sum is that of the lock', async () => {
  lock = publish(mixed, cache, ({ path }, name) => fakeProgram('amd64', `${path} ${name}`));
  expect(await refusal()).toMatch(/is for amd64, not for arm64/);
});

test('what cannot be written ends with the reason', async () => {
  mkdirSync(join(cache, 'packed'));
  rmSync(join(cache, 'packed'), { recursive: true });
  writeFileSync(join(cache, 'packed'), 'a file');
  expect(await refusal()).toMatch(/EEXIST|ENOTDIR/);
});
