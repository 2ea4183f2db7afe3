import { describe, expect, test } from 'vitest';
import {
  certificateId,
  certificateRowsOf,
  pkiRequest,
  plannedCertificates,
} from '../../../src/plan/certificates.ts';
import { clusterOf, fiveHosts, hostOf, manyClusters, oneHost } from '../../support/clusters.ts';

const idsOf = (...inventory: string[]) => plannedCertificates(clusterOf(...inventory)).map(({ id }) => id);

test('the certificates of one host with a bootstrap token', () => {
  expect(idsOf(oneHost)).toEqual([
    'hosts/a/etcd-server',
    'hosts/a/etcd-peer',
    'hosts/a/etcd-client',
    'hosts/a/apiserver-etcd-client',
    'hosts/a/apiserver',
    'hosts/a/apiserver-kubelet-client',
    'hosts/a/front-proxy-client',
    'hosts/a/admin',
    'hosts/a/controller-manager',
    'hosts/a/scheduler',
    'hosts/a/kube-proxy',
    'hosts/a/kubelet-server',
    'operator/admin',
  ]);
});

test('signed adds a client certificate for each worker', () => {
  const added = idsOf('bootstrap: { method: signed }', fiveHosts).filter(
    (id) => !idsOf(fiveHosts).includes(id),
  );
  expect(added).toEqual(['hosts/w1/kubelet-client', 'hosts/w2/kubelet-client']);
});

test("a kubelet's certificates carry its node's name", () => {
  const cluster = clusterOf('bootstrap: { method: signed }', 'cluster: { domain: lab.example }', fiveHosts);
  const own = plannedCertificates(cluster).filter(({ id }) => id.startsWith('hosts/w2/kubelet'));
  expect(own).toMatchObject([
    {
      commonName: 'system:node:w2',
      organization: 'system:nodes',
      usages: ['client'],
      sans: { dns: [], ip: [] },
    },
    {
      commonName: 'system:node:w2',
      organization: 'system:nodes',
      usages: ['server'],
      sans: { dns: ['w2', 'w2.lab.example'], ip: ['192.0.2.5'] },
    },
  ]);
});

test('a kubelet is verified by every address of its node, of both families', () => {
  const cluster = clusterOf(
    'network: { serviceCIDR: [10.96.0.0/16, "fd00:1::/112"], podCIDR: [10.244.0.0/16, "fd00:2::/56"] }',
    'hosts: [{ name: a, addresses: [192.0.2.1, "2001:db8::1"], roles: [etcd, control-plane, worker] }]',
  );
  const server = plannedCertificates(cluster).find(({ id }) => id === 'hosts/a/kubelet-server');
  expect(server?.sans).toEqual({ dns: ['a'], ip: ['192.0.2.1', '2001:db8::1'] });
  const [v6] = plannedCertificates(
    clusterOf(
      'network: { serviceCIDR: "fd00:1::/112", podCIDR: "fd00:2::/56" }',
      'hosts: [{ name: a, address: "2001:DB8::1", roles: [etcd, control-plane, worker] }]',
    ),
  ).filter(({ id }) => id.endsWith('/kubelet-server'));
  expect(v6?.sans).toEqual({ dns: ['a'], ip: ['2001:db8::1'] });
});

describe.each(Object.entries(manyClusters))('%s', (_, cluster) => {
  test('every certificate has an id of its own, below its host', () => {
    const planned = plannedCertificates(cluster);
    expect(new Set(planned.map(({ id }) => id)).size).toBe(planned.length);
    for (const { id, host, row } of planned)
      expect(id).toBe(host === undefined ? 'operator/admin' : certificateId(host, row.name));
  });

  test('a host holds the rows of its roles', () => {
    for (const host of cluster.hosts)
      for (const row of certificateRowsOf(cluster, host)) expect(host.roles).toContain(row.role);
  });
});

test('what the inventory says of keys and validity reaches the store', () => {
  const cluster = clusterOf(
    'pki: { keyAlgorithm: rsa-3072, caValidityDays: 7300, certValidityDays: 90, renewBeforeDays: 20, subject: { OU: Platform } }',
    oneHost,
  );
  expect(pkiRequest(cluster)).toMatchObject({
    keyAlgorithm: 'rsa-3072',
    caValidityDays: 7300,
    certValidityDays: 90,
    renewBeforeDays: 20,
    subject: { OU: 'Platform' },
  });
});

test('a host of one role holds nothing of the others', () => {
  const cluster = clusterOf(fiveHosts);
  expect(certificateRowsOf(cluster, hostOf(cluster, 'w1')).map((row) => row.name)).toEqual([
    'kube-proxy',
    'kubelet-server',
  ]);
});
