/** The file that tells etcdctl on a host what it wants, with a real etcd. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { etcdctlEnv } from '../../src/catalog/paths.ts';
import { temporaryFolder } from '../support/cli.ts';
import { clusterOf, planOf, renderedTexts } from '../support/clusters.ts';
import { canRun, findProgram } from '../support/requirements.ts';
import { createMember, type Member } from './member.ts';

const ready = canRun('etcdctl on a host', {
  'etcd (Debian: etcd-server)': findProgram('etcd') !== undefined,
  'etcdctl (Debian: etcd-client)': findProgram('etcdctl') !== undefined,
});
const folder = temporaryFolder('etcdctl');

describe.skipIf(!ready)('with the file read, as the documentation says', { timeout: 60_000 }, () => {
  let member: Member;
  beforeAll(async () => {
    member = await createMember(folder);
    await member.start();
  });
  afterAll(() => member.stop());

  /** A shell that knows nothing but what the file says. */
  const shell = (commands: string) =>
    spawnSync('bash', ['-euc', `set -a; . ${join(folder, etcdctlEnv)}; set +a; ${commands}`], {
      encoding: 'utf8',
      cwd: folder,
      env: { PATH: process.env.PATH ?? '' },
    });

  test('etcdctl finds all members, and they are healthy', () => {
    const { status, stdout, stderr } = shell('etcdctl endpoint health --cluster');
    expect(`${stdout}${stderr}`).toContain('is healthy');
    expect(status).toBe(0);
  });

  test('etcdctl writes, reads and takes a snapshot without a word more', () => {
    const { status, stdout } = shell('etcdctl put /a b; etcdctl get /a; etcdctl snapshot save a.db');
    expect(stdout).toMatch(/^OK\n\/a\nb\n/);
    expect(status).toBe(0);
  });

  test('without the key it is let in nowhere', () => {
    expect(shell('unset ETCDCTL_CERT ETCDCTL_KEY; etcdctl endpoint health').status).not.toBe(0);
  });
});

test('it is the same on every host, whatever the family of its address', async () => {
  const host = (address: string) =>
    `hosts: [{ name: a, address: "${address}", roles: [etcd, control-plane] }]`;
  const network = 'network: { serviceCIDR: "fd00:1::/112", podCIDR: "fd00:2::/56" }';
  const [v4, v6] = await Promise.all(
    [clusterOf(host('192.0.2.1')), clusterOf(network, host('2001:db8::1'))].map(async (cluster) =>
      (await renderedTexts(planOf(cluster))).get(etcdctlEnv),
    ),
  );
  expect(v4).toContain('ETCDCTL_ENDPOINTS="https://127.0.0.1:2379"\n');
  expect(v6).toBe(v4);
});

test('a shell reads what is written', async () => {
  const text =
    (
      await renderedTexts(
        planOf(clusterOf('hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane] }]')),
      )
    ).get(etcdctlEnv) ?? '';
  writeFileSync(join(folder, 'env'), text);
  const said = spawnSync('sh', ['-c', `set -a; . ./env; env | grep ^ETCDCTL_ | sort`], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: process.env.PATH ?? '' },
  }).stdout;
  const written = [...text.matchAll(/^(ETCDCTL_\w+)="(.*)"$/gm)].map(([, name, value]) => `${name}=${value}`);
  expect(said.trim().split('\n')).toEqual(written.sort());
  expect(written).toHaveLength(5);
});
