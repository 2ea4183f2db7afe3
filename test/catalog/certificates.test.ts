/** The table of certificates as data. */
import { describe, expect, test } from 'vitest';
import { certificates } from '../../src/catalog/certificates.ts';
import { hostFiles } from '../../src/catalog/host-files.ts';
import { units, users } from '../../src/catalog/requirements.ts';
import { authorityNames } from '../../src/model/certificate.ts';
import { bootstrapMethods, roleNames } from '../../src/model/cluster.ts';

const byName = certificates.map((row) => [row.name, row] as const);

test('names, paths and common names with their use are unique', () => {
  const paths = certificates.map((row) => row.delivery.path);
  expect(new Set(paths).size).toBe(certificates.length);
  expect(new Set(certificates.map((row) => row.name)).size).toBe(certificates.length);
  const subjects = certificates.map((row) => `${row.commonName} ${row.usages} ${row.authority}`);
  expect(new Set(subjects).size).toBe(certificates.length);
});

describe.each(byName)('%s', (_, row) => {
  test('names an authority, a role and a method that exist', () => {
    expect(authorityNames).toContain(row.authority);
    expect(roleNames).toContain(row.role);
    if (row.bootstrap !== undefined) expect(bootstrapMethods).toContain(row.bootstrap);
  });

  test('is owned by root or by a user that its role makes', () => {
    const made = users.filter((user) => user.role === row.role).map((user) => user.name);
    expect(['root', ...made]).toContain(row.owner);
  });

  test('restarts units that its role runs', () => {
    const run = units.filter((unit) => unit.role === row.role).map((unit) => unit.name);
    expect(run).toEqual(expect.arrayContaining([...row.services]));
  });

  test('has names when it serves, and none when it is only a client', () => {
    expect(row.usages.length).toBeGreaterThan(0);
    expect(row.sans !== 'none').toBe(row.usages.includes('server'));
  });

  test('says why, and gives system:masters to the administrator only', () => {
    expect(row.why.length).toBeGreaterThan(10);
    if (row.name !== 'admin') expect(row.organization).not.toBe('system:masters');
  });

  test('has the certificate of its authority beside it on the host, or in its kubeconfig', () => {
    if (row.delivery.kind === 'kubeconfig') {
      expect(row.authority).toBe('kubernetes-ca');
      return;
    }
    const authorities = hostFiles.flatMap(({ source, roles }) =>
      'authority' in source && source.part === 'certificate' && roles.includes(row.role)
        ? [source.authority]
        : [],
    );
    expect(authorities).toContain(row.authority);
  });
});

/** What nodes must not hold: a compromised worker stays one worker. */
describe('a worker', () => {
  test('gets no key of an authority and no key of the service accounts', () => {
    for (const { path, source, roles } of hostFiles) {
      const isPrivate =
        ('authority' in source && source.part === 'private-key') ||
        ('serviceAccount' in source && source.serviceAccount === 'private');
      if (isPrivate) expect(roles, path).toEqual(['control-plane']);
    }
  });

  test('gets nothing that etcd or the front proxy trusts', () => {
    const rows = certificates.filter((row) => row.role === 'worker');
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows.map((row) => row.authority))).toEqual(new Set(['kubernetes-ca']));
    for (const row of rows) expect([undefined, 'system:nodes']).toContain(row.organization);
  });
});

test('keys of the etcd and front-proxy authorities are on no host', () => {
  const keys = hostFiles.flatMap(({ source }) =>
    'authority' in source && source.part === 'private-key' ? [source.authority] : [],
  );
  expect(keys).toEqual(['kubernetes-ca']);
});

/** As in "PKI certificates and requirements" of the Kubernetes documentation; what differs says why in the table. */
test.each([
  ['etcd-server', 'etcd-ca', 'kube-etcd', undefined],
  ['etcd-peer', 'etcd-ca', 'kube-etcd-peer', undefined],
  ['etcd-client', 'etcd-ca', 'kube-etcd-healthcheck-client', undefined],
  ['apiserver-etcd-client', 'etcd-ca', 'kube-apiserver-etcd-client', undefined],
  ['apiserver', 'kubernetes-ca', 'kube-apiserver', undefined],
  ['apiserver-kubelet-client', 'kubernetes-ca', 'kube-apiserver-kubelet-client', undefined],
  ['front-proxy-client', 'kubernetes-front-proxy-ca', 'front-proxy-client', undefined],
  ['admin', 'kubernetes-ca', 'kubernetes-admin', 'system:masters'],
  ['controller-manager', 'kubernetes-ca', 'system:kube-controller-manager', undefined],
  ['scheduler', 'kubernetes-ca', 'system:kube-scheduler', undefined],
  ['kube-proxy', 'kubernetes-ca', 'system:kube-proxy', undefined],
  ['kubelet-client', 'kubernetes-ca', 'system:node:{node}', 'system:nodes'],
  ['kubelet-server', 'kubernetes-ca', 'system:node:{node}', 'system:nodes'],
])('%s is signed by %s for %s', (name, authority, commonName, organization) => {
  const row = certificates.find((one) => one.name === name);
  expect(row).toMatchObject({ authority, commonName });
  expect(row?.organization).toBe(organization);
});
