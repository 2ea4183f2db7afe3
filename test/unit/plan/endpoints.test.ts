import { describe, expect, test } from 'vitest';
import { httpsUrl } from '../../../src/lib/endpoint.ts';
import {
  anyAddress,
  apiServerPort,
  dialledUrl,
  endpointUrl,
  etcdClientUrl,
  etcdClientUrls,
  etcdPeerUrl,
  etcdServerUrls,
  isIPv6Cluster,
  localApiServerUrl,
  loopbackAddresses,
} from '../../../src/plan/endpoints.ts';
import { clusterOf, fiveHosts, hostOf, ipv6Networks, oneHost, oneIPv6Host } from '../../support/clusters.ts';

test.each([
  ['192.0.2.1', 6443, 'https://192.0.2.1:6443'],
  ['2001:db8::1', 6443, 'https://[2001:db8::1]:6443'],
  ['api.example', 443, 'https://api.example:443'],
])('httpsUrl(%s, %d)', (host, port, url) => {
  expect(httpsUrl(host, port)).toBe(url);
});

describe('the port of API servers', () => {
  test('is that of the endpoint in mode hosts, since nothing stands in between', () => {
    const cluster = clusterOf('endpoint: { host: api.example, port: 8443 }', oneHost);
    expect(apiServerPort(cluster)).toBe(8443);
    expect(endpointUrl(cluster)).toBe('https://api.example:8443');
    expect(localApiServerUrl(cluster, hostOf(cluster))).toBe('https://192.0.2.1:8443');
  });

  test("stays 6443 behind somebody else's load balancer", () => {
    const cluster = clusterOf('endpoint: { host: lb.example, port: 443, mode: external }', oneHost);
    expect(apiServerPort(cluster)).toBe(6443);
    expect(endpointUrl(cluster)).toBe('https://lb.example:443');
    expect(localApiServerUrl(cluster, hostOf(cluster))).toBe('https://192.0.2.1:6443');
  });
});

describe('what the clients on a host dial', () => {
  const balancers = `${fiveHosts}
  - { name: b1, address: 192.0.2.6, roles: [load-balancer] }`;
  const both = 'roles: [etcd, control-plane, worker]';

  test.each([
    ['keepalived, vip: 192.0.2.100, port: 8443', fiveHosts, 8443, 'https://192.0.2.100:8443'],
    ['keepalived, vip: 192.0.2.100, host: api.example', fiveHosts, 6443, 'https://api.example:6443'],
    ['haproxy, vip: 192.0.2.100, port: 8443', balancers, 6443, 'https://192.0.2.100:8443'],
    ['haproxy', balancers, 6443, 'https://192.0.2.6:6443'],
  ])('in mode %s, the endpoint', (mode, hosts, port, url) => {
    const cluster = clusterOf(`endpoint: { mode: ${mode} }`, hosts);
    expect(apiServerPort(cluster)).toBe(port);
    for (const name of ['m2', 'w1']) expect(dialledUrl(cluster, hostOf(cluster, name))).toBe(url);
    expect(endpointUrl(cluster)).toBe(url);
  });

  test('in mode node-local, the balancer of a worker and the API server of a control plane', () => {
    const cluster = clusterOf(
      'endpoint: { mode: node-local, port: 8443, host: api.example }',
      fiveHosts.replace('roles: [etcd, control-plane]', both),
    );
    expect(apiServerPort(cluster)).toBe(8443);
    expect(dialledUrl(cluster, hostOf(cluster, 'm1'))).toBe('https://192.0.2.1:8443');
    expect(dialledUrl(cluster, hostOf(cluster, 'w1'))).toBe('https://127.0.0.1:8443');
    expect(endpointUrl(cluster)).toBe('https://api.example:8443');
  });

  test('on loopback, of the families that the cluster has', () => {
    const cluster = clusterOf(
      ipv6Networks,
      'endpoint: { mode: node-local }',
      `${oneIPv6Host.slice(0, -1)}, { name: w, address: "2001:db8::2", roles: [worker] }]`,
    );
    expect(dialledUrl(cluster, hostOf(cluster, 'w'))).toBe('https://[::1]:6443');
    const [ipv4] = clusterOf(oneHost).network.serviceCIDRs;
    const network = {
      ...cluster.network,
      serviceCIDRs: [...cluster.network.serviceCIDRs, ...(ipv4 ? [ipv4] : [])],
    };
    expect(loopbackAddresses({ ...cluster, network })).toEqual(['::1', '127.0.0.1']);
  });
});

test.each([
  ['192.0.2.100', 100],
  ['192.0.3.0', 255],
  ['2001:db8::1:2a', 42],
])('the virtual router id of %s is its last byte, and never 0', (vip, id) => {
  const [networks, host] = vip.includes(':') ? [ipv6Networks, oneIPv6Host] : ['network: {}', oneHost];
  const cluster = clusterOf(networks, `endpoint: { mode: keepalived, vip: "${vip}" }`, host);
  expect(cluster.endpoint.floating).toMatchObject({ virtualRouterId: id, interface: undefined });
});

test('the default endpoint is the first control plane, also where etcd hosts come first', () => {
  const cluster = clusterOf(`hosts:
  - { name: e, address: 192.0.2.1, roles: [etcd] }
  - { name: c, address: 192.0.2.2, roles: [control-plane] }
  - { name: w, address: 192.0.2.3, roles: [worker] }`);
  expect(endpointUrl(cluster)).toBe('https://192.0.2.2:6443');
});

test('members of etcd are named by address, in the order of the inventory', () => {
  expect(etcdClientUrls(clusterOf('cluster: { domain: lab.example }', fiveHosts))).toEqual([
    'https://192.0.2.1:2379',
    'https://192.0.2.2:2379',
    'https://192.0.2.3:2379',
  ]);
});

test('an API server asks the member of its host, or all where there is none', () => {
  const cluster = clusterOf(`hosts:
  - { name: m1, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: e2, address: 192.0.2.2, roles: [etcd] }
  - { name: e3, address: 192.0.2.3, roles: [etcd] }
  - { name: m4, address: 192.0.2.4, roles: [control-plane] }`);
  const [stacked, , , alone] = cluster.hosts.map((host) => etcdServerUrls(cluster, host));
  expect(stacked).toEqual(['https://192.0.2.1:2379']);
  expect(alone).toEqual(['https://192.0.2.1:2379', 'https://192.0.2.2:2379', 'https://192.0.2.3:2379']);
});

describe('IPv6', () => {
  const cluster = clusterOf(ipv6Networks, oneIPv6Host);
  const host = hostOf(cluster);

  test('every URL has brackets', () => {
    expect(endpointUrl(cluster)).toBe('https://[2001:db8::1]:6443');
    expect(localApiServerUrl(cluster, host)).toBe('https://[2001:db8::1]:6443');
    expect(etcdClientUrl(host)).toBe('https://[2001:db8::1]:2379');
    expect(etcdPeerUrl(host)).toBe('https://[2001:db8::1]:2380');
  });

  test('daemons listen on all addresses of the family', () => {
    expect(isIPv6Cluster(cluster)).toBe(true);
    expect(anyAddress(cluster)).toBe('::');
    expect(anyAddress(clusterOf(oneHost))).toBe('0.0.0.0');
  });
});

test('the family of services decides which address of a host others dial', () => {
  const host = (networks: string) =>
    hostOf(
      clusterOf(
        networks,
        'hosts: [{ name: a, addresses: [192.0.2.1, "2001:db8::1"], roles: [etcd, control-plane, worker] }]',
      ),
    );
  expect(etcdClientUrl(host('network: {}'))).toBe('https://192.0.2.1:2379');
  expect(etcdClientUrl(host(ipv6Networks))).toBe('https://[2001:db8::1]:2379');
});
