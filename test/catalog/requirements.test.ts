/** What roles need of a host, as data. */
import { describe, expect, test } from 'vitest';
import { hostDirectories } from '../../src/catalog/host-files.ts';
import * as requirements from '../../src/catalog/requirements.ts';
import { roleNames } from '../../src/model/cluster.ts';
import { manyPlans } from '../support/clusters.ts';

test('every row has a role that exists, and every role has rows', () => {
  const roles = Object.values(requirements)
    .flat()
    .map((row) => row.role);
  expect(roleNames).toEqual(expect.arrayContaining([...new Set(roles)]));
  for (const table of [requirements.ports, requirements.units])
    expect(new Set(table.map((row) => row.role))).toEqual(new Set(roleNames));
  // A load balancer runs only what the distribution brings.
  for (const table of [requirements.binaries, requirements.space])
    expect(new Set(table.map((row) => row.role))).toEqual(new Set(['etcd', 'control-plane', 'worker']));
});

test('no table has a name twice for one role', () => {
  for (const table of [
    requirements.binaries,
    requirements.commands,
    requirements.modules,
    requirements.users,
    requirements.units,
  ]) {
    const names = table.map((row) => `${row.role} ${row.name}`);
    expect(new Set(names).size).toBe(names.length);
  }
});

test('peers wait for a port that the other role opens', () => {
  for (const { of, port } of requirements.peers)
    expect(
      requirements.ports.some((row) => row.role === of && row.port === port),
      `${of} ${port}`,
    ).toBe(true);
});

test('a user whose home is a folder of the cluster owns it', () => {
  for (const { name, role, home } of requirements.users) {
    if (home === '/nonexistent') continue;
    expect(hostDirectories).toContainEqual({
      path: home,
      roles: [role],
      mode: 0o700,
      owner: name,
      group: name,
    });
  }
});

describe.each(manyPlans)('%s', (_, plan) => {
  test('starts etcd before the API server, the API server before its clients, the runtime before the kubelet', () => {
    const order = [
      'etcd.service',
      'hardway-etcd-backup.timer',
      'kube-apiserver.service',
      'kube-controller-manager.service',
      'kube-scheduler.service',
      'kube-addons.service',
      'hardway-label-nodes.timer',
      'haproxy.service',
      'keepalived.service',
      'hardway-api-balancer.service',
      'containerd.service',
      'docker.service',
      'cri-dockerd.service',
      'kubelet.service',
      'kube-proxy.service',
    ];
    const started = plan.units.map((unit) => unit.name);
    expect(started).toEqual(order.filter((name) => started.includes(name)));
    expect(started.length).toBeGreaterThan(0);
  });

  test('loads ip_vs only for IPVS', () => {
    const names = plan.modules.map((module) => module.name);
    const wants = plan.host.roles.includes('worker') && plan.cluster.network.proxy.mode === 'ipvs';
    expect(names.some((name) => name.startsWith('ip_vs'))).toBe(wants);
  });

  test('deletes on uninstall nothing that the bundle brings', () => {
    const brought = plan.files.map((file) => file.path);
    expect(plan.generated.filter((path) => brought.includes(path))).toEqual([]);
  });
});
