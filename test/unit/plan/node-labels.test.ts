/** Labels of nodes: those of roles by version, and who sets what the inventory writes. */
import { describe, expect, test } from 'vitest';
import { isKubeletLabel } from '../../../src/catalog/node-labels.ts';
import * as paths from '../../../src/catalog/paths.ts';
import { factsOf } from '../../../src/plan/facts.ts';
import { controlPlaneLabels } from '../../../src/plan/node-labels.ts';
import { clusterOf, fiveHosts, hostOf, planOf, renderedTexts } from '../../support/clusters.ts';
import { minors, minorsFrom } from '../../versions/world.ts';

const role = (name: string) => `node-role.kubernetes.io/${name}`;
const hosts = (labels: string) => `hosts:
  - { name: m, address: 192.0.2.1, roles: [etcd, control-plane, worker] }
  - { name: c, address: 192.0.2.2, roles: [control-plane] }
  - { name: w, address: 192.0.2.3, roles: [worker], labels: ${labels} }`;
const linesAt = (minor: string, labels = '{}') =>
  controlPlaneLabels(clusterOf(`kubernetes: { version: "${minor}" }`, hosts(labels))).map(
    ({ node, key, value }) => `${node} ${key}=${value}`,
  );

test.each(minors)('%s: nodes get the labels of their roles, and hosts without a kubelet none', (minor) => {
  const master = minorsFrom('1.24').includes(minor) ? [] : [`m ${role('master')}=`];
  expect(linesAt(minor)).toEqual([
    `m ${role('control-plane')}=`,
    ...master,
    `m ${role('worker')}=`,
    `w ${role('worker')}=`,
  ]);
});

test('what kubelets must not set, control planes do; the inventory goes before', () => {
  const labels = `{ disk: ssd, ${role('worker')}: yes-sir, ${role('gpu')}: "", node-restriction.kubernetes.io/zone: a }`;
  expect(linesAt('1.30', labels).filter((line) => line.startsWith('w '))).toEqual([
    `w ${role('worker')}=yes-sir`,
    `w ${role('gpu')}=`,
    'w node-restriction.kubernetes.io/zone=a',
  ]);
  const cluster = clusterOf(hosts(labels));
  expect(factsOf(cluster, hostOf(cluster, 'w')).text.nodeLabels).toBe('disk=ssd');
});

test('only control planes hold the list', async () => {
  const cluster = clusterOf(fiveHosts);
  const [held, none] = await Promise.all(['m2', 'w1'].map((name) => renderedTexts(planOf(cluster, name))));
  const lines = held?.get(paths.nodeLabels)?.split('\n') ?? [];
  expect(lines.filter((line) => !line.startsWith('#'))).toEqual([
    `w1 ${role('worker')}=`,
    `w2 ${role('worker')}=`,
    '',
  ]);
  expect(none?.has(paths.nodeLabels)).toBe(false);
  expect(planOf(cluster, 'w1').values.shared.nodeLabels).toEqual([]);
});

describe('a kubelet may set', () => {
  test.each([
    'disk',
    'example.com/disk',
    'kubernetes.io/os',
    'node.kubernetes.io/x',
    'a.kubelet.kubernetes.io/x',
  ])('%s', (key) => {
    expect(isKubeletLabel(key)).toBe(true);
  });
  test.each([role('x'), 'node-restriction.kubernetes.io/x', 'kubernetes.io/x', 'storage.k8s.io/tier'])(
    'not %s',
    (key) => {
      expect(isKubeletLabel(key)).toBe(false);
    },
  );
});
