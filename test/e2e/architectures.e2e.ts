/** A cluster of two architectures: each host gets the programs of its own, and refuses those of the other. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import type { Architecture } from '../../src/model/cluster.ts';
import { fakeProgram, publish, writeLockBeside } from '../support/binaries.ts';
import { hardway } from '../support/cli.ts';
import { clusterOf } from '../support/clusters.ts';
import { openAlone, renderAlone, unpackOn } from './support/alone.ts';
import { type Foreign, foreignPrograms } from './support/foreign.ts';
import { closeLab, execIn, type Lab, type LabHost } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { mustRun } from './support/process.ts';
import { copyTo, ssh } from './support/ssh.ts';

/** Without apiVersion, as clusterOf() takes it. */
const document = {
  kubernetes: { version: '1.20.2' },
  network: { proxy: { mode: 'iptables' } },
  addons: { coredns: false, flannel: false },
  binaries: { source: 'bundle', dir: '/opt/hardway/bin' },
  hosts: [
    { name: 'amd', address: '192.0.2.10', roles: ['etcd', 'control-plane'] },
    { name: 'arm', address: '192.0.2.11', roles: ['etcd'], arch: 'arm64' },
  ],
};

describe.skipIf(!canBootHosts())('a cluster of two architectures', () => {
  let lab: Lab;
  let host: LabHost;
  let foreign: Foreign;
  let file = '';

  beforeAll(async () => {
    foreign = await foreignPrograms();
    lab = await openAlone('amd');
    const [first] = lab.hosts;
    if (first === undefined) throw new Error('the lab has no host');
    host = first;
    file = join(lab.folder, 'inventory.yaml');
    writeFileSync(file, stringify({ apiVersion: 'hardway/v1', ...document }));
    vi.stubEnv('XDG_CACHE_HOME', join(lab.folder, 'cache'));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await closeLab(lab);
  });

  const programOf = (arch: Architecture, name: string): Buffer => {
    if (arch === 'arm64') return foreign[name === 'etcd' ? 'etcd' : 'etcdctl'];
    // Of the others only the header matters here; binaries.e2e.ts runs them.
    return name.startsWith('etcd') ? readFileSync(`/usr/bin/${name}`) : fakeProgram(arch, name);
  };

  /** Renders with these programs in the cache, all of them vouched for by the lock. */
  const renderWith = (program: typeof programOf, out: string) => {
    const mirror = join(lab.folder, 'cache/hardway/binaries');
    const lock = publish(clusterOf(stringify(document)), mirror, ({ arch }, name) => program(arch, name));
    writeLockBeside(file, lock);
    return hardway(['render', file, '--pki-dir', join(lab.folder, 'pki'), '--out', out]);
  };

  it('has an archive for each role and architecture, with programs for that', () => {
    const out = join(lab.folder, 'out');
    const rendered = renderWith(programOf, out);
    expect(rendered, rendered.stderr).toMatchObject({ status: 0 });
    expect(readdirSync(join(out, 'binaries')).sort()).toEqual([
      'control-plane-amd64.tar.gz',
      'etcd-amd64.tar.gz',
      'etcd-arm64.tar.gz',
    ]);
    for (const [arch, machine] of [
      ['amd64', 62],
      ['arm64', 183],
    ] as const)
      for (const name of ['etcd', 'etcdctl']) {
        const archive = join(out, 'binaries', `etcd-${arch}.tar.gz`);
        const packed = execFileSync('tar', ['-xzOf', archive, name], { maxBuffer: 256 * 1024 * 1024 });
        expect(packed.readUInt16LE(18), `${arch}: ${name}`).toBe(machine);
        expect(packed.equals(programOf(arch, name))).toBe(true);
      }
  });

  it('is not rendered when a program is for the other one, though its sum is right', () => {
    const out = join(lab.folder, 'mistaken');
    const mistaken = renderWith(
      (_arch, name) => (name === 'etcd' ? foreign.etcd : programOf('amd64', name)),
      out,
    );
    expect(mistaken.status).toBe(3);
    expect(mistaken.stderr).toMatch(/etcd.* is for arm64, not for amd64/);
    expect(existsSync(out)).toBe(false);
  });

  it('has hosts that want the archives of their own architecture, and no others', async () => {
    const out = join(lab.folder, 'out');
    await unpackOn(lab, host, join(out, 'bundles/amd.tar.gz'), 'amd');
    for (const role of ['etcd', 'control-plane'])
      await copyTo(lab, host.name, join(out, 'binaries', `${role}-amd64.tar.gz`));
    expect(await ssh(lab, host.name, 'amd/install.sh preflight')).toMatchObject({ status: 0 });
    await mustRun('tar', ['-xzf', join(out, 'bundles/arm.tar.gz'), '-C', lab.folder]);
    const manifest = readFileSync(join(lab.folder, 'arm/manifest'), 'utf8');
    expect(manifest.match(/^archive \S+/gm)).toEqual(['archive etcd-arm64.tar.gz']);
  });

  it('has hosts that refuse a program of the other one', async () => {
    await unpackOn(lab, host, renderAlone(lab, host), 'own');
    const program = join(lab.folder, 'etcd');
    writeFileSync(program, foreign.etcd);
    await copyTo(lab, host.name, program);
    await execIn(lab, host.name, 'install -m 755 /root/etcd /usr/local/bin/etcd');
    const { status, stdout } = await ssh(lab, host.name, 'own/install.sh preflight');
    expect(stdout).toMatch(/\/usr\/local\/bin\/etcd is for arm64, and this host is amd64[\s\S]*fix: /);
    expect(status).toBe(1);
  });
});
