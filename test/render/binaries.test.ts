/** A cluster of two architectures whose bundles bring their binaries: rendered, and installed below a root. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fakeProgram, publish, sha256Of, writeLockBeside } from '../support/binaries.ts';
import { hardway, temporaryFolder } from '../support/cli.ts';
import { clusterOf, fiveHosts } from '../support/clusters.ts';
import { run } from '../support/requirements.ts';

const base = temporaryFolder('binaries');
const hosts = fiveHosts.replace('w2, address: 192.0.2.5,', 'w2, arch: arm64, address: 192.0.2.5,');
const textWith = (binaries: string) =>
  ['apiVersion: hardway/v1', 'kubernetes: { version: 1.20.2 }', `binaries: ${binaries}`, hosts].join('\n');

let folder = '';
let inventory = '';
let cache = '';
let lock = new Map<string, string>();
beforeEach(() => {
  folder = mkdtempSync(join(base, 'case-'));
  inventory = join(folder, 'inventory.yaml');
  cache = join(folder, 'cache');
  lock = publish(clusterOf('kubernetes: { version: 1.20.2 }', hosts), cache);
});

function rendered(binaries: string) {
  writeFileSync(inventory, textWith(binaries));
  const args = [
    'render',
    inventory,
    '--out',
    join(folder, 'out'),
    '--binaries-dir',
    cache,
    '--format',
    'json',
  ];
  return hardway(args, { env: { XDG_CACHE_HOME: join(folder, 'xdg') } });
}

/** The manifest's statements of some kinds. */
function statements(host: string, kinds: RegExp): string[] {
  const text = readFileSync(join(folder, 'out/review', host, 'manifest'), 'utf8');
  return text.split('\n').filter((line) => kinds.test(line));
}

describe('source bundle', () => {
  test('packs once per role and architecture, and names sums and archives in every manifest', () => {
    writeLockBeside(inventory, lock);
    const { status, stdout, stderr } = rendered('{ source: bundle }');
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')]);
    const archives: { archive: string; sha256: string }[] = JSON.parse(stdout).binaries;
    expect(archives.map(({ archive }) => archive)).toEqual([
      'binaries/etcd-amd64.tar.gz',
      'binaries/control-plane-amd64.tar.gz',
      'binaries/worker-amd64.tar.gz',
      'binaries/worker-arm64.tar.gz',
    ]);
    run('sh', [
      '-c',
      `cd ${folder}/out && sha256sum --check --strict --quiet SHA256SUMS && grep -c binaries/ SHA256SUMS`,
    ]);
    const sumOf = (name: string) => archives.find(({ archive }) => archive === `binaries/${name}`)?.sha256;
    expect(statements('w2', /^archive/)).toEqual([
      `archive worker-arm64.tar.gz ${sumOf('worker-arm64.tar.gz')}`,
    ]);
    const kubelet = sha256Of(
      fakeProgram('arm64', 'dl.k8s.io/release/v1.20.2/bin/linux/arm64/kubelet kubelet'),
    );
    expect(statements('w2', /^program .*kubelet /)).toEqual([
      `program 0755 root:root /usr/local/bin/kubelet kubelet.service ${kubelet} worker-arm64.tar.gz kubelet`,
    ]);
    expect(statements('m1', /^archive/)).toHaveLength(2);
    expect(statements('m1', /^program/)).toHaveLength(6);
    // A second render says the same, and takes the archives for its own.
    const before = readFileSync(join(folder, 'out/SHA256SUMS'), 'utf8');
    expect(rendered('{ source: bundle }').status).toBe(0);
    expect(readFileSync(join(folder, 'out/SHA256SUMS'), 'utf8')).toBe(before);
    // And one that leaves them to the hosts takes them away.
    expect(rendered('{ source: host }').status).toBe(0);
    expect(existsSync(join(folder, 'out/binaries'))).toBe(false);
  });

  test('install.sh of the bundle installs them', () => {
    writeLockBeside(inventory, lock);
    expect(rendered('{ source: bundle, dir: /opt/k8s/bin }').status).toBe(0);
    const site = join(folder, 'site');
    const root = join(site, 'root');
    mkdirSync(join(root, 'etc'), { recursive: true });
    mkdirSync(join(root, 'var/lib'), { recursive: true });
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
    run('tar', ['-xzf', join(folder, 'out/bundles/w1.tar.gz'), '-C', site]);
    run('cp', ['-r', join(folder, 'out/binaries'), site]);
    const { status, stdout, stderr } = spawnSync(join(site, 'w1/install.sh'), ['--root', root], {
      encoding: 'utf8',
    });
    expect([status, stderr], stdout).toEqual([0, '']);
    expect(readdirSync(join(root, 'opt/k8s/bin')).sort()).toEqual(['kube-proxy', 'kubelet']);
    expect(readdirSync(join(root, 'opt/cni/bin')).sort()).toEqual([
      'bridge',
      'host-local',
      'loopback',
      'portmap',
    ]);
    expect(sha256Of(readFileSync(join(root, 'opt/k8s/bin/kubelet')))).toBe(
      lock.get('dl.k8s.io/release/v1.20.2/bin/linux/amd64/kubelet'),
    );
  });

  test('without a lock, or without the files, the line in the inventory is refused', () => {
    rmSync(cache, { recursive: true });
    const { status, stderr } = rendered('{ source: bundle }');
    expect(status).toBe(2);
    const found = JSON.parse(stderr).filter(({ code }: { code: string }) => code === 'missing-binaries');
    expect(found).toMatchObject([
      { line: 3, column: 21, message: expect.stringMatching(/binaries\.lock has no sum of dl\.k8s\.io/) },
      {
        line: 3,
        column: 21,
        message: expect.stringMatching(/cache lacks dl\.k8s\.io/),
        fix: `run hardway binaries fetch ${inventory}`,
      },
    ]);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  test('a file that differs from the lock is refused with its name and both sums; the old output stays', () => {
    writeLockBeside(inventory, lock);
    expect(rendered('{ source: bundle }').status).toBe(0);
    const before = readFileSync(join(folder, 'out/SHA256SUMS'), 'utf8');
    const path = 'dl.k8s.io/release/v1.20.2/bin/linux/amd64/kubelet';
    rmSync(join(cache, 'packed'), { recursive: true });
    writeFileSync(join(cache, path), 'something else');
    const { status, stderr } = rendered('{ source: bundle }');
    expect(status).toBe(3);
    expect(stderr).toContain(`${path} is not what it should be`);
    expect(stderr).toContain(`wanted ${lock.get(path)}`);
    expect(stderr).toContain(`found  ${sha256Of(Buffer.from('something else'))}`);
    expect(readFileSync(join(folder, 'out/SHA256SUMS'), 'utf8')).toBe(before);
  });

  test('a lock with lines that are none is refused with every one of them', () => {
    writeFileSync(join(folder, 'binaries.lock'), '# mine\nabc  kubelet\n\nrm -rf /\n');
    const { status, stderr } = rendered('{ source: bundle }');
    expect(status).toBe(2);
    const told = JSON.parse(stderr).map(({ message }: { message: string }) => message);
    expect(told).toEqual([
      expect.stringMatching(/binaries\.lock:2:1: not a sum and a name: "abc {2}kubelet"$/),
      expect.stringMatching(/binaries\.lock:4:1: not a sum and a name: "rm -rf \/"$/),
    ]);
  });
});

describe('source download', () => {
  test.each([
    ['where it is published', '{ source: download }', 'https://'],
    [
      'a mirror',
      '{ source: download, mirror: "http://mirror.example:8080/k8s/" }',
      'http://mirror.example:8080/k8s/',
    ],
  ])('names %s, with the sums of the lock; no file is wanted here', (_, binaries, start) => {
    writeLockBeside(inventory, lock);
    rmSync(cache, { recursive: true });
    expect(rendered(binaries)).toMatchObject({ status: 0 });
    expect(existsSync(join(folder, 'out/binaries'))).toBe(false);
    const kubelet = 'dl.k8s.io/release/v1.20.2/bin/linux/arm64/kubelet';
    const cni =
      'github.com/containernetworking/plugins/releases/download/v0.8.7/cni-plugins-linux-arm64-v0.8.7.tgz';
    expect(statements('w2', /^download (kubelet|cni)/)).toEqual([
      `download kubelet ${lock.get(kubelet)} ${start}${kubelet}`,
      `download cni-plugins-linux-arm64-v0.8.7.tgz ${lock.get(cni)} ${start}${cni}`,
    ]);
    expect(statements('w2', /^program .*(kubelet|bridge) /)).toEqual([
      `program 0755 root:root /usr/local/bin/kubelet kubelet.service ${lock.get(kubelet)} kubelet -`,
      `program 0755 root:root /opt/cni/bin/bridge - ${lock.get(`${cni}#./bridge`)} cni-plugins-linux-arm64-v0.8.7.tgz ./bridge`,
    ]);
  });
});
