import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { changeWarnings, otherHostsIn } from '../../src/commands/pki.ts';
import { temporaryFolder } from '../support/cli.ts';
import { clusterOf } from '../support/clusters.ts';

const folder = temporaryFolder('commands');
const cluster = clusterOf(
  'hosts:',
  '  - { name: a, address: 192.0.2.1, roles: [etcd, control-plane] }',
  '  - { name: b, address: 192.0.2.2, roles: [etcd] }',
  '  - { name: c, address: 192.0.2.3, roles: [etcd] }',
);
const created = (...names: string[]) =>
  names.map((name) => ({ action: 'created', what: `hosts/${name}/etcd-server`, reason: '' }) as const);

describe('what an operator must know about changes of the store', () => {
  test('new members beside old ones would be a second etcd', () => {
    expect(changeWarnings(cluster, created('b', 'c'), [])).toEqual([
      expect.stringMatching(/^b, c: new among/),
    ]);
  });

  test('a new cluster, and one that stays as it is, need no word', () => {
    expect(changeWarnings(cluster, created('a', 'b', 'c'), [])).toEqual([]);
    expect(changeWarnings(cluster, [], [])).toEqual([]);
  });

  test('a store of other hosts is named', () => {
    const store = join(folder, 'store');
    expect(otherHostsIn(store, cluster)).toEqual([]);
    mkdirSync(join(store, 'hosts/prod1'), { recursive: true });
    expect(otherHostsIn(store, cluster)).toEqual(['prod1']);
    expect(changeWarnings(cluster, [], ['prod1'])).toEqual([expect.stringContaining('prod1')]);
    mkdirSync(join(store, 'hosts/b'));
    expect(otherHostsIn(store, cluster)).toEqual([]);
  });

  test('another key algorithm does not reach the authorities', () => {
    const change = {
      action: 'reissued',
      what: 'hosts/a/apiserver',
      reason: 'key algorithm ecdsa-p256, wanted rsa-2048',
    } as const;
    expect(changeWarnings(cluster, [change], [])).toEqual([expect.stringContaining('keep their algorithm')]);
  });
});
