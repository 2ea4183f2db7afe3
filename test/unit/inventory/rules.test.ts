import { describe, expect, test } from 'vitest';
import { factsOf } from '../../../src/inventory/facts.ts';
import type { Problem } from '../../../src/inventory/problem.ts';
import { componentFlagsAreKnown, configFieldsAreKnown } from '../../../src/inventory/rules/components.ts';
import { checkRules } from '../../../src/inventory/rules.ts';
import type { WrittenComponents, WrittenInventory } from '../../../src/inventory/schema.ts';

const hosts: WrittenInventory['hosts'] = [
  { name: 'a', address: '192.0.2.1', roles: ['etcd', 'control-plane', 'worker'] },
];

function problems(components: WrittenComponents, minor: string): Problem[] {
  const inventory: WrittenInventory = { kubernetes: { version: minor }, components, hosts };
  const context = { inventory, facts: factsOf(inventory, []) };
  return [...componentFlagsAreKnown(context), ...configFieldsAreKnown(context)];
}

const summary = ({ code, path }: Problem) => `${code} ${path.join('.')}`;

describe('flags by version', () => {
  test.each([
    [
      '1.24',
      { apiserver: { args: { 'insecure-port': '0' } } },
      ['flag-version components.apiserver.args.insecure-port'],
    ],
    [
      '1.20',
      { apiserver: { args: { 'insecure-port': '0' } } },
      ['flag-deprecated components.apiserver.args.insecure-port'],
    ],
    [
      '1.27',
      { kubelet: { args: { 'network-plugin': 'cni' } } },
      ['flag-version components.kubelet.args.network-plugin'],
    ],
    ['1.20', { kubelet: { args: { 'max-pods': '200' } } }, []],
    ['1.20', { kubelet: { args: { 'max-pods': null } } }, []],
    ['1.20', { controllerManager: { args: { concurrent_rc_syncs: '5' } } }, []],
    ['1.21', { proxy: { config: { winkernel: {} } } }, []],
    [
      '1.20',
      { kubelet: { config: { apiVersion: 'x' } } },
      ['flag-owned components.kubelet.config.apiVersion'],
    ],
    [
      '1.20',
      { kubelet: { config: { authentication: { x509: { clientCAFile: '/x' } } } } },
      ['flag-owned components.kubelet.config.authentication.x509.clientCAFile'],
    ],
  ] satisfies [string, WrittenComponents, string[]][])('%s %j', (minor, components, expected) => {
    expect(problems(components, minor).map(summary)).toEqual(expected);
  });

  test('a removed flag names the minor that removed it', () => {
    expect(problems({ apiserver: { args: { 'insecure-port': '0' } } }, '1.24')[0]?.message).toContain('1.24');
  });
});

describe('owned flags', () => {
  test.each([
    ['apiserver', 'etcd-cafile'],
    ['apiserver', 'tls-cert-file'],
    ['apiserver', 'kubelet-client-key'],
    ['apiserver', 'proxy-client-cert-file'],
    ['apiserver', 'service-account-signing-key-file'],
    ['controllerManager', 'cluster-signing-kube-apiserver-client-key-file'],
    ['controllerManager', 'authentication-kubeconfig'],
    ['scheduler', 'kubeconfig'],
    ['kubelet', 'node-labels'],
    ['kubelet', 'bootstrap-kubeconfig'],
    ['proxy', 'hostname-override'],
  ] as const)('%s %s', (component, flag) => {
    expect(problems({ [component]: { args: { [flag]: 'x' } } }, '1.20').map(({ code }) => code)).toEqual([
      'flag-owned',
    ]);
  });
});

function codes(inventory: Omit<WrittenInventory, 'apiVersion'>): string[] {
  const full: WrittenInventory = { hosts, ...inventory };
  return checkRules({ inventory: full, facts: factsOf(full, []) }).map(({ code }) => code);
}

describe('networks', () => {
  test.each([
    [{ serviceCIDR: ['fd00:1::/107'], podCIDR: ['fd00:2::/56'] }, ['family-mismatch', 'cidr-too-large']],
    [{ serviceCIDR: ['10.96.0.0/28'] }, []],
    [{ podCIDR: ['10.244.0.0/24'] }, []],
    [{ podCIDR: ['10.244.0.0/25'] }, ['cidr-too-small']],
    [{ podCIDR: ['10.128.0.0/9'], serviceCIDR: ['10.0.0.0/16'] }, []],
    [{ podCIDR: ['11.0.0.0/7'], serviceCIDR: ['192.168.0.0/16'] }, ['cidr-masked', 'cidr-too-large']],
    [{ serviceCIDR: ['10.96.0.0/12', '10.0.0.0/16'] }, ['family-mismatch']],
    [{ clusterDNS: ['10.96.0.0'] }, ['dns-address']],
    [{ clusterDNS: ['10.96.0.2'] }, []],
    [{ nodePortRange: '6000-7000' }, ['port-conflict']],
    [{ nodePortRange: '2000-3000' }, ['port-conflict', 'port-conflict', 'port-conflict']],
  ] satisfies [NonNullable<WrittenInventory['network']>, string[]][])('%j', (network, expected) => {
    expect(codes({ network })).toEqual(expected);
  });

  test('pods of two families may lie anywhere apart', () => {
    const network = {
      serviceCIDR: ['10.96.0.0/12', 'fd00:1::/112'],
      podCIDR: ['10.244.0.0/16', 'fd00:2::/56'],
    };
    // The hosts of these tests have one address each.
    expect(codes({ network })).toEqual(['family-mismatch']);
  });
});

describe('topology', () => {
  const row = (name: number, ...roles: ('etcd' | 'control-plane' | 'worker')[]) => ({
    name: `h${name}`,
    address: `192.0.2.${name}`,
    roles,
  });

  test.each([
    ['two members', [row(1, 'etcd', 'control-plane'), row(2, 'etcd', 'worker')], ['even-member-count']],
    ['one of each', [row(1, 'etcd', 'control-plane'), row(2, 'worker')], []],
    ['nothing but a worker', [row(1, 'worker')], ['missing-role', 'missing-role']],
  ])('%s', (_, list, expected) => {
    expect(codes({ hosts: list })).toEqual(expected);
  });
});

test('an unknown version keeps the other rules going', () => {
  expect(
    codes({ kubernetes: { version: '1.99' }, components: { kubelet: { args: { nope: '1' } } } }),
  ).toEqual(['unknown-version', 'unknown-flag']);
});
