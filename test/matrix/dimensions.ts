/** What the matrix varies, what cannot go together, and the inventory of a combination. */
import { releases } from '../../src/catalog/releases.ts';
import { compareMinors } from '../../src/lib/version.ts';
import { bootstrapMethods, proxyModes, runtimeTypes } from '../../src/model/cluster.ts';
import type { Combination, Dimensions } from './pairs.ts';

/** `MATRIX_MINORS=1.20,1.36` keeps to some versions; without it the matrix has all. */
const wanted = process.env.MATRIX_MINORS?.split(',');

/** Adding a value is a word here, and its lines in `parts`. */
export const dimensions = {
  minor: releases.map(({ minor }) => minor).filter((minor) => wanted?.includes(minor) ?? true),
  runtime: runtimeTypes,
  proxy: proxyModes,
  bootstrap: bootstrapMethods,
  family: ['IPv4', 'IPv6', 'dual-4-6', 'dual-6-4'],
  keys: ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'],
  topology: ['single', 'stacked', 'separate'],
  endpoint: ['hosts', 'hosts-name', 'external', 'keepalived', 'haproxy', 'node-local'],
  security: ['on', 'off'],
  addons: ['all', 'none'],
} as const satisfies Dimensions;

export interface Constraint {
  readonly why: string;
  readonly forbids: (part: Combination) => boolean;
}

const isBefore = (minor: string | undefined, other: string) =>
  minor !== undefined && compareMinors(minor, other) < 0;

/** What the inventory refuses by design; the test sees to it that it does. */
export const constraints: readonly Constraint[] = [
  {
    why: 'nftables is on without a feature gate from 1.31',
    forbids: ({ minor, proxy }) => proxy === 'nftables' && isBefore(minor, '1.31'),
  },
];

/** Whether the inventory is to take a combination. */
export function isAllowed(part: Combination): boolean {
  // Where no version of the run has a mode, the mode cannot be.
  const reachable = dimensions.minor.some((minor) => !isForbidden({ minor, ...part }));
  return reachable && !isForbidden(part);
}

/** The first reason why a combination cannot be. */
export function isForbidden(part: Combination): boolean {
  return constraints.some(({ forbids }) => forbids(part));
}

const addresses: Readonly<Record<string, (index: number) => string>> = {
  IPv4: (index) => `address: 192.0.2.${index}`,
  IPv6: (index) => `address: "2001:db8::${index}"`,
  'dual-4-6': (index) => `addresses: [192.0.2.${index}, "2001:db8::${index}"]`,
  'dual-6-4': (index) => `addresses: ["2001:db8::${index}", 192.0.2.${index}]`,
};
const v4 = { services: '10.96.0.0/16', pods: '10.244.0.0/16' };
const v6 = { services: '"fd00:96::/112"', pods: '"fd00:244::/56"' };
const networks: Readonly<Record<string, string>> = {
  IPv4: `serviceCIDR: ${v4.services}, podCIDR: ${v4.pods}`,
  IPv6: `serviceCIDR: ${v6.services}, podCIDR: ${v6.pods}`,
  'dual-4-6': `serviceCIDR: [${v4.services}, ${v6.services}], podCIDR: [${v4.pods}, ${v6.pods}]`,
  'dual-6-4': `serviceCIDR: [${v6.services}, ${v4.services}], podCIDR: [${v6.pods}, ${v4.pods}]`,
};
const topologies: Readonly<Record<string, readonly string[]>> = {
  single: ['etcd, control-plane, worker'],
  stacked: ['etcd, control-plane', 'etcd, control-plane', 'etcd, control-plane', 'worker'],
  separate: ['etcd', 'etcd', 'etcd', 'control-plane', 'control-plane', 'worker'],
};
const runtimes: Readonly<Record<string, string>> = {
  containerd: '{ type: containerd }',
  docker: '{ type: docker }',
  external: '{ type: external, socket: /run/crio/crio.sock }',
};
const endpoints: Readonly<Record<string, string>> = {
  hosts: '{ mode: hosts }',
  'hosts-name': '{ mode: hosts, host: api.matrix.example, port: 8443 }',
  external: '{ mode: external, host: api.matrix.example, port: 443 }',
  keepalived: '{ mode: keepalived, host: api.matrix.example, vip: VIP }',
  // Every control plane balances too, so the balancers need a port of their own.
  haproxy: '{ mode: haproxy, vip: VIP, interface: eth1, port: 8443 }',
  'node-local': '{ mode: node-local }',
};
const vips: Readonly<Record<string, string>> = { '4': '192.0.2.100', '6': '"2001:db8::100"' };

/** The inventory of a whole combination, without its first line. */
export function inventoryOf(combination: Combination): string {
  const { minor, runtime = '', proxy, bootstrap, family = '', keys } = combination;
  const { topology = '', endpoint = '', security, addons } = combination;
  const address = addresses[family] ?? String;
  const hosts = (topologies[topology] ?? []).map((roles, index) => {
    const balances = endpoint === 'haproxy' && roles.includes('control-plane');
    const all = balances ? `${roles}, load-balancer` : roles;
    return `  - { name: h${index + 1}, ${address(index + 1)}, roles: [${all}] }`;
  });
  const vip = vips[/[46]/.exec(family)?.[0] ?? ''] ?? '';
  return [
    `kubernetes: { version: "${minor}" }`,
    `network: { ${networks[family]}, proxy: { mode: ${proxy} } }`,
    `runtime: ${runtimes[runtime]}`,
    `bootstrap: { method: ${bootstrap} }`,
    `pki: { keyAlgorithm: ${keys} }`,
    `endpoint: ${(endpoints[endpoint] ?? '').replace('VIP', vip)}`,
    `security: { audit: ${security === 'on'}, encryptionAtRest: ${security === 'on'} }`,
    `addons: { coredns: ${addons === 'all'}, flannel: ${addons === 'all'} }`,
    'hosts:',
    ...hosts,
  ].join('\n');
}
