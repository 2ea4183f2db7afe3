import { describe, expect, test } from 'vitest';
import { subjectAltNames } from '../../../src/plan/sans.ts';
import { clusterOf, fiveHosts, hostOf, ipv6Networks, oneHost, oneIPv6Host } from '../../support/clusters.ts';

const sansOf = (rule: Parameters<typeof subjectAltNames>[0], ...inventory: string[]) => {
  const cluster = clusterOf(...inventory);
  return subjectAltNames(rule, cluster, hostOf(cluster));
};

const serviceNames = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

describe('rules', () => {
  test('none', () => {
    expect(sansOf('none', oneHost)).toEqual({ dns: [], ip: [] });
  });

  test('host: the name and the address, no loopback', () => {
    expect(sansOf('host', oneHost)).toEqual({ dns: ['a'], ip: ['192.0.2.1'] });
  });

  test('host-and-loopback', () => {
    expect(sansOf('host-and-loopback', oneHost)).toEqual({
      dns: ['a', 'localhost'],
      ip: ['192.0.2.1', '127.0.0.1', '::1'],
    });
  });

  test('apiserver: the first service address too, each name once though the endpoint is the host', () => {
    expect(sansOf('apiserver', oneHost)).toEqual({
      dns: ['a', ...serviceNames, 'localhost'],
      ip: ['192.0.2.1', '10.96.0.1', '127.0.0.1', '::1'],
    });
  });
});

describe('the domain of the hosts', () => {
  test('adds the FQDN, and leaves the short name', () => {
    const domain = 'cluster: { domain: lab.example }';
    expect(sansOf('host', domain, oneHost).dns).toEqual(['a', 'a.lab.example']);
    expect(sansOf('apiserver', domain, oneHost).dns).toEqual([
      'a',
      'a.lab.example',
      ...serviceNames,
      'localhost',
    ]);
  });

  test('is not the domain of services', () => {
    const { dns } = sansOf('apiserver', 'cluster: { dnsDomain: k8s.internal }', oneHost);
    expect(dns).toContain('kubernetes.default.svc.k8s.internal');
    expect(dns.join()).not.toContain('cluster.local');
  });
});

describe('the endpoint', () => {
  test.each([
    ['a name', 'endpoint: { host: api.example }', 'dns', 'api.example'],
    ['an address', 'endpoint: { host: 192.0.2.100, mode: external }', 'ip', '192.0.2.100'],
    [
      'the floating address of a name',
      'endpoint: { host: api.example, mode: keepalived, vip: 192.0.2.100 }',
      'ip',
      '192.0.2.100',
    ],
  ] as const)('%s is among the names of every API server', (_, endpoint, kind, name) => {
    const cluster = clusterOf(endpoint, fiveHosts);
    for (const host of ['m1', 'm2', 'm3'])
      expect(subjectAltNames('apiserver', cluster, hostOf(cluster, host))[kind]).toContain(name);
  });

  test('is on no other certificate', () => {
    const { dns } = sansOf('host-and-loopback', 'endpoint: { host: api.example }', oneHost);
    expect(dns).not.toContain('api.example');
  });

  test('by default is the first control plane, on the others too', () => {
    const cluster = clusterOf(fiveHosts);
    expect(subjectAltNames('apiserver', cluster, hostOf(cluster, 'm2')).ip).toEqual([
      '192.0.2.2',
      '192.0.2.1',
      '10.96.0.1',
      '127.0.0.1',
      '::1',
    ]);
  });
});

describe('IPv6', () => {
  test('addresses are canonical and without brackets', () => {
    const { ip } = sansOf(
      'apiserver',
      'network: { serviceCIDR: "FD00:0096::/112", podCIDR: "fd00:244::/56" }',
      oneIPv6Host,
    );
    expect(ip).toEqual(['2001:db8::1', 'fd00:96::1', '127.0.0.1', '::1']);
  });

  test('a second spelling of an address is no second name', () => {
    const { ip } = sansOf(
      'apiserver',
      ipv6Networks,
      'pki: { extraSANs: ["2001:0DB8:0:0::1", "2001:db8::9"] }',
      oneIPv6Host,
    );
    expect(ip.filter((address) => address === '2001:db8::1')).toHaveLength(1);
    expect(ip.at(-1)).toBe('2001:db8::9');
  });

  test('that nobody made canonical before are made so here', () => {
    const cluster = clusterOf(ipv6Networks, oneIPv6Host);
    const pki = { ...cluster.pki, extraSANs: ['2001:0DB8:0:0::1', 'API.Example'] };
    const { ip, dns } = subjectAltNames('apiserver', { ...cluster, pki }, hostOf(cluster));
    expect(ip).toEqual(['2001:db8::1', 'fd00:96::1', '127.0.0.1', '::1']);
    expect(dns.at(-1)).toBe('api.example');
  });

  test('a host with addresses of both families has both', () => {
    const { ip } = sansOf(
      'host',
      'hosts: [{ name: a, addresses: ["2001:db8::1", 192.0.2.1], roles: [etcd, control-plane, worker] }]',
    );
    expect(ip).toEqual(['192.0.2.1', '2001:db8::1']);
  });
});

describe('extra names', () => {
  const extra = 'pki: { extraSANs: [k8s.example, 198.51.100.7, localhost, kubernetes] }';

  test('come last, and only where they are new', () => {
    const { dns, ip } = sansOf('apiserver', extra, oneHost);
    expect(dns).toEqual(['a', ...serviceNames, 'localhost', 'k8s.example']);
    expect(ip.at(-1)).toBe('198.51.100.7');
  });

  test('are for the API server only', () => {
    expect(sansOf('host-and-loopback', extra, oneHost).dns).not.toContain('k8s.example');
  });
});
