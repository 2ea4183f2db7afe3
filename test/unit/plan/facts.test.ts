import { describe, expect, test } from 'vitest';
import { factsOf } from '../../../src/plan/facts.ts';
import { clusterOf, fiveHosts, hostOf, ipv6Networks, oneHost, oneIPv6Host } from '../../support/clusters.ts';

function facts(name: string | undefined, ...inventory: string[]) {
  const cluster = clusterOf(...inventory);
  return factsOf(cluster, hostOf(cluster, name));
}

test('texts of a cluster with defaults', () => {
  expect(facts(undefined, 'kubernetes: { version: 1.20.2 }', oneHost).text).toEqual({
    address: '192.0.2.1',
    admissionPlugins: 'NodeRestriction,EventRateLimit,PodSecurityPolicy',
    anyAddress: '0.0.0.0',
    apiServerPort: '6443',
    certValidityHours: '8760',
    clusterName: 'kubernetes',
    dnsDomain: 'cluster.local',
    etcdServerUrls: 'https://192.0.2.1:2379',
    featureGates: '',
    logLevel: '2',
    nodeAddresses: '192.0.2.1',
    nodeCIDRMaskSize: '24',
    nodeCIDRMaskSizeIPv4: '24',
    nodeCIDRMaskSizeIPv6: '64',
    nodeLabels: '',
    nodeMonitorGracePeriod: '40s',
    nodeName: 'a',
    nodePortRange: '30000-32767',
    nodeTaints: '',
    podCIDR: '10.244.0.0/16',
    runtimeSocket: '/run/containerd/containerd.sock',
    sandboxImage: 'registry.k8s.io/pause:3.2',
    serviceCIDR: '10.96.0.0/12',
  });
});

test('texts of an IPv6 cluster', () => {
  expect(facts(undefined, ipv6Networks, oneIPv6Host).text).toMatchObject({
    address: '2001:db8::1',
    anyAddress: '::',
    etcdServerUrls: 'https://[2001:db8::1]:2379',
    nodeCIDRMaskSize: '64',
    podCIDR: 'fd00:244::/56',
    serviceCIDR: 'fd00:96::/112',
  });
});

test('a network is written without its host bits', () => {
  expect(facts(undefined, 'network: { serviceCIDR: 10.76.0.0/12 }', oneHost).text.serviceCIDR).toBe(
    '10.64.0.0/12',
  );
});

test('what is written of the size of slices counts for the family of the pods', () => {
  const { text } = facts(
    undefined,
    'network: { serviceCIDR: "fd00:96::/112", podCIDR: "fd00:244::/56", nodeCIDRMaskSize: 72 }',
    oneIPv6Host,
  );
  expect(text.nodeCIDRMaskSize).toBe('72');
});

describe('labels and taints', () => {
  const hosts = `hosts:
  - { name: a, address: 192.0.2.1, roles: [etcd, control-plane] }
  - name: w
    address: 192.0.2.2
    roles: [worker]
    labels: { disk: ssd, example.com/zone: z1, empty: "" }
    taints: ["gpu=yes:NoSchedule", "alone:NoExecute"]`;

  test("are in the kubelet's own notation, also without a value", () => {
    const { text, conditions } = facts('w', hosts);
    expect(text.nodeLabels).toBe('disk=ssd,example.com/zone=z1,empty=');
    expect(text.nodeTaints).toBe('gpu=yes:NoSchedule,alone=:NoExecute');
    expect(conditions).toMatchObject({ hasNodeLabels: true, hasNodeTaints: true });
  });

  test('of one host are not those of another', () => {
    expect(facts('a', hosts)).toMatchObject({
      text: { nodeLabels: '', nodeTaints: '' },
      conditions: { hasNodeLabels: false, hasNodeTaints: false },
    });
  });
});

test.each([
  [
    'token-file',
    {
      bootstrapsWithToken: true,
      bootstrapsWithTokenFile: true,
      bootstrapsWithTokenSecret: false,
    },
  ],
  [
    'token-secret',
    {
      bootstrapsWithToken: true,
      bootstrapsWithTokenFile: false,
      bootstrapsWithTokenSecret: true,
    },
  ],
  [
    'signed',
    {
      bootstrapsWithToken: false,
      bootstrapsWithTokenFile: false,
      bootstrapsWithTokenSecret: false,
    },
  ],
])('bootstrap %s', (method, conditions) => {
  expect(facts(undefined, `bootstrap: { method: ${method} }`, oneHost).conditions).toMatchObject(conditions);
});

test.each([
  [
    'containerd',
    '',
    { usesContainerd: true, usesDocker: false, usesDockershim: false, usesRemoteRuntime: true },
  ],
  ['docker', '', { usesContainerd: false, usesDocker: true, usesCriDockerd: true, usesRemoteRuntime: true }],
  [
    'external',
    ', socket: /run/crio/crio.sock',
    { usesContainerd: false, usesDocker: false, usesRemoteRuntime: true },
  ],
])('runtime %s', (type, more, conditions) => {
  expect(facts(undefined, `runtime: { type: ${type}${more} }`, oneHost).conditions).toMatchObject(conditions);
});

test.each([
  ['containerd', { usesContainerdWithProxy: true, usesDockerWithProxy: false }],
  ['docker', { usesContainerdWithProxy: false, usesDockerWithProxy: true }],
])('a proxy belongs to the runtime %s', (type, conditions) => {
  const proxy = `runtime: { type: ${type}, proxy: { https: "http://proxy.example:3128" } }`;
  expect(facts(undefined, proxy, oneHost).conditions).toMatchObject(conditions);
});

test('a host knows whether it is a control plane', () => {
  expect(facts('m1', fiveHosts).conditions.isNotControlPlane).toBe(false);
  expect(facts('w1', fiveHosts).conditions.isNotControlPlane).toBe(true);
});

test('hosts that share their roles and conditions share the object, so that what hangs on it is made once', () => {
  const cluster = clusterOf(`hosts:
  - { name: m, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: a, address: 192.0.2.2, roles: [worker] }
  - { name: b, address: 192.0.2.3, roles: [worker] }
  - { name: c, address: 192.0.2.4, roles: [worker], labels: { disk: ssd } }`);
  const [, a, b, c] = cluster.hosts.map((host) => factsOf(cluster, host).conditions);
  expect(a).toBe(b);
  expect(c).not.toBe(a);
  expect(c).toEqual({ ...a, hasNodeLabels: true });
});
