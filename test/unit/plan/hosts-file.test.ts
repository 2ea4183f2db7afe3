import { describe, expect, test } from 'vitest';
import { clusterOf, fileOf, fiveHosts, oneHost, planOf } from '../../support/clusters.ts';

/** Lines of the block in /etc/hosts of a host. */
function linesOf(name: string | undefined, ...inventory: string[]): string[] {
  const lines = planOf(clusterOf(...inventory), name).values.own.hostsFileLines as {
    address: string;
    names: string;
  }[];
  return lines.map(({ address, names }) => `${address} ${names}`);
}

const hosts = ['192.0.2.1 m1', '192.0.2.2 m2', '192.0.2.3 m3', '192.0.2.4 w1', '192.0.2.5 w2'];
const endpoint = 'endpoint: { host: api.example }';

describe('the name of the endpoint', () => {
  test.each([
    ['m1', '192.0.2.1'],
    ['m2', '192.0.2.2'],
    ['m3', '192.0.2.3'],
  ])('on the control plane %s is that host itself', (name, address) => {
    expect(linesOf(name, endpoint, fiveHosts)).toEqual([...hosts, `${address} api.example`]);
  });

  test('on a worker is all control planes, the first one first', () => {
    expect(linesOf('w2', endpoint, fiveHosts)).toEqual([
      ...hosts,
      '192.0.2.1 api.example',
      '192.0.2.2 api.example',
      '192.0.2.3 api.example',
    ]);
  });

  test('on an etcd host is the control plane', () => {
    const separate = `hosts:
  - { name: e, address: 192.0.2.1, roles: [etcd] }
  - { name: c, address: 192.0.2.2, roles: [control-plane] }
  - { name: w, address: 192.0.2.3, roles: [worker] }`;
    expect(linesOf('e', endpoint, separate).at(-1)).toBe('192.0.2.2 api.example');
  });

  test('has no line when it is an address', () => {
    expect(linesOf('w1', fiveHosts)).toEqual(hosts);
    expect(linesOf('w1', 'endpoint: { host: 192.0.2.2 }', fiveHosts)).toEqual(hosts);
  });

  test('has no second line when it is the name of a host', () => {
    expect(linesOf('w1', 'endpoint: { host: m2 }', fiveHosts)).toEqual(hosts);
    const lines = linesOf('m1', 'cluster: { domain: example }', 'endpoint: { host: m2.example }', fiveHosts);
    expect(lines.filter((line) => line.includes('m2.example'))).toEqual(['192.0.2.2 m2.example m2']);
  });

  test.each(['m1', 'w1'])('is the floating address where there is one, on %s', (name) => {
    const floating = 'endpoint: { host: api.example, mode: keepalived, vip: 192.0.2.100 }';
    expect(linesOf(name, floating, fiveHosts).at(-1)).toBe('192.0.2.100 api.example');
  });

  test('is the one load balancer, which has a line of its own too', () => {
    const balancer = `${fiveHosts}\n  - { name: b1, address: 192.0.2.6, roles: [load-balancer] }`;
    const lines = ['192.0.2.6 b1', '192.0.2.6 api.example'];
    expect(linesOf('b1', 'endpoint: { host: api.example, mode: haproxy }', balancer).slice(-2)).toEqual(
      lines,
    );
  });

  test('has no line when each host balances for itself', () => {
    expect(linesOf('w1', 'endpoint: { host: api.example, mode: node-local }', fiveHosts)).toEqual(hosts);
  });

  test('has no line when others keep it', () => {
    expect(linesOf('w1', 'endpoint: { host: api.example, mode: external }', fiveHosts)).toEqual(hosts);
  });
});

test('the full name comes first, as hostname --fqdn wants it', () => {
  expect(linesOf(undefined, 'cluster: { domain: lab.example }', oneHost)).toEqual([
    '192.0.2.1 a.lab.example a',
  ]);
});

test('each address of a host has a line', () => {
  const both =
    'hosts: [{ name: a, addresses: [192.0.2.1, "2001:db8::1"], roles: [etcd, control-plane, worker] }]';
  expect(linesOf(undefined, both)).toEqual(['192.0.2.1 a', '2001:db8::1 a']);
});

describe('a large cluster', () => {
  const workers = (count: number) =>
    Array.from(
      { length: count },
      (_, index) => `  - { name: w${index}, address: 198.18.${index >> 8}.${index & 255}, roles: [worker] }`,
    );
  const sized = (count: number) =>
    [
      'network: { podCIDR: 10.128.0.0/9 }',
      endpoint,
      `hosts:
  - { name: e1, address: 192.0.2.11, roles: [etcd] }
  - { name: c1, address: 192.0.2.1, roles: [control-plane] }
  - { name: c2, address: 192.0.2.2, roles: [control-plane] }
${workers(count - 3).join('\n')}`,
    ] as const;

  test('of 250 hosts names all of them everywhere', () => {
    expect(linesOf('w0', ...sized(250))).toHaveLength(252);
  });

  test('of 251 hosts names on a worker itself, etcd and the control planes', () => {
    expect(linesOf('w7', ...sized(251))).toEqual([
      '192.0.2.11 e1',
      '192.0.2.1 c1',
      '192.0.2.2 c2',
      '198.18.0.7 w7',
      '192.0.2.1 api.example',
      '192.0.2.2 api.example',
    ]);
  });

  test('names all of them on a control plane, which reaches kubelets', () => {
    expect(linesOf('c2', ...sized(251))).toHaveLength(252);
  });

  test('keeps what a worker is given from growing, also where the runtime goes without a proxy', () => {
    const proxy = 'runtime: { proxy: { https: "http://proxy.example:3128" } }';
    const sizeOf = (count: number) =>
      JSON.stringify(planOf(clusterOf(proxy, ...sized(count)), 'w7').values).length;
    expect(sizeOf(300)).toBe(sizeOf(400));
    expect(sizeOf(250)).toBeGreaterThan(sizeOf(300));
  });
});

test('the file is a block among the lines of others, and restarts nothing', () => {
  const plan = planOf(clusterOf(oneHost));
  expect(fileOf(plan, '/etc/hosts')).toMatchObject({ placement: 'block', mode: 0o644, services: [] });
  expect(plan.files.filter((file) => file.placement === 'block')).toHaveLength(1);
});

test('hostsFile.manage false leaves the file alone', () => {
  const paths = planOf(clusterOf('hostsFile: { manage: false }', oneHost)).files.map((file) => file.path);
  expect(paths).not.toContain('/etc/hosts');
});
