/** A cluster of one family, IPv6: every URL in brackets, every listener on `::`, wherever it is written. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { clusterOf, ipv6Networks, planOf, renderedTexts } from '../../support/clusters.ts';

const cluster = clusterOf(
  ipv6Networks,
  `hosts:
  - { name: a, address: "2001:db8::a", roles: [etcd, control-plane, worker] }
  - { name: b, address: "2001:db8::b", roles: [etcd] }
  - { name: c, address: "2001:db8::c", roles: [etcd] }`,
);
const texts = await renderedTexts(planOf(cluster, 'a'));

function textOf(path: string): string {
  const text = texts.get(path);
  if (text === undefined) throw new Error(`no ${path}`);
  return text;
}

test('etcd', () => {
  const env = textOf('/etc/default/etcd');
  expect(env).toContain('ETCD_LISTEN_PEER_URLS="https://[2001:db8::a]:2380"');
  expect(env).toContain('ETCD_LISTEN_CLIENT_URLS="https://[2001:db8::a]:2379,https://127.0.0.1:2379"');
  expect(env).toContain('ETCD_ADVERTISE_CLIENT_URLS="https://[2001:db8::a]:2379"');
  expect(env).toContain('ETCD_INITIAL_ADVERTISE_PEER_URLS="https://[2001:db8::a]:2380"');
  expect(env).toContain(
    'ETCD_INITIAL_CLUSTER="a=https://[2001:db8::a]:2380,b=https://[2001:db8::b]:2380,c=https://[2001:db8::c]:2380"',
  );
});

test('the API server listens on all addresses and names its own without brackets', () => {
  const env = textOf('/etc/kubernetes/apiserver');
  expect(env).toContain('--bind-address=::');
  expect(env).toContain('--advertise-address=2001:db8::a');
  expect(env).toContain('KUBE_ETCD_SERVERS="--etcd-servers=https://[2001:db8::a]:2379"');
  expect(env).toContain('--service-cluster-ip-range=fd00:96::/112');
});

test.each(['admin', 'controller-manager', 'scheduler', 'kube-proxy', 'bootstrap'])('%s.conf', (name) => {
  const kubeconfig = parse(textOf(`/etc/kubernetes/auth/${name}.conf`));
  expect(kubeconfig.clusters[0].cluster.server).toBe('https://[2001:db8::a]:6443');
});

test('the controller-manager gives out slices of the pod network', () => {
  const env = textOf('/etc/kubernetes/controller-manager');
  expect(env).toContain('--cluster-cidr=fd00:244::/56');
  expect(env).toContain('--node-cidr-mask-size=64');
});

test('the kubelet', () => {
  expect(textOf('/etc/kubernetes/kubelet')).toContain('--node-ip=2001:db8::a');
  const config = parse(textOf('/var/lib/kubelet/config.yaml'));
  expect(config.address).toBe('::');
  expect(config.clusterDNS).toEqual(['fd00:96::a']);
});

test('kube-proxy', () => {
  const config = parse(textOf('/var/lib/kube-proxy/config.yaml'));
  expect(config).toMatchObject({
    bindAddress: '::',
    healthzBindAddress: '[::]:10256',
    clusterCIDR: 'fd00:244::/56',
  });
});

describe('no bare IPv6 address stands before a port', () => {
  test.each([...texts.keys()])('%s', (path) => {
    expect(textOf(path)).not.toMatch(/https?:\/\/[0-9a-f]*:[0-9a-f]*:/);
  });
});

test('pods are routed', () => {
  expect(textOf('/etc/sysctl.d/99-kubernetes.conf')).toContain('net.ipv6.conf.all.forwarding = 1');
});
