/** Hosts planned twice and compared: told apart by anything that differs, whatever makes it differ. */
import { describe, expect, test } from 'vitest';
import { flagsOf, isAccepted } from '../../../src/catalog/flags/flags.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { templatesDir } from '../../../src/lib/package-root.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { loadTemplates } from '../../../src/render/template.ts';
import { plannedItems } from '../../../src/upgrade/planned.ts';
import { kindsOfHosts, shapeOf } from '../../../src/upgrade/shape.ts';
import { clusterOf, fiveHosts, hostOf, manyHosts, oneHost } from '../../support/clusters.ts';

const templates = loadTemplates(templatesDir);
const told = (before: Cluster, after: Cluster) =>
  plannedItems(before, after, templates).map(
    ({ kind, subject, message }) => `${kind} ${subject}: ${message}`,
  );
const at = (version: string, ...parts: string[]) =>
  clusterOf(`kubernetes: { version: ${version} }`, ...parts);

describe('differences between two plans', () => {
  const before = at('1.20.2', fiveHosts);

  test('none, where nothing differs', () => {
    expect(told(before, at('1.20.15', fiveHosts))).toEqual([]);
  });

  test('a flag with another value, once for all components', () => {
    const after = clusterOf('kubernetes: { version: 1.20.2, logLevel: 4 }', fiveHosts);
    expect(told(before, after)).toEqual([
      'changes flags: kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy: --v 2 -> 4',
    ]);
  });

  test('flags and fields that come', () => {
    const after = clusterOf(
      'kubernetes: { version: 1.20.2, featureGates: { EphemeralContainers: true } }',
      fiveHosts,
    );
    expect(told(before, after)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^changes flags: kube-apiserver.*: --feature-gates=EphemeralContainers=true is new/,
        ),
        'changes configuration: kubelet: featureGates: { EphemeralContainers: true } is new',
      ]),
    );
  });

  test('one field of a map that stays', () => {
    const of = (value: string) => `components: { proxy: { config: { conntrack: { min: ${value} } } } }`;
    expect(told(at('1.20.2', of('1'), oneHost), at('1.20.2', of('2'), oneHost))).toEqual([
      'changes configuration: kube-proxy: conntrack.min 1 -> 2',
    ]);
  });

  test('flags and files that go', () => {
    const after = at('1.20.2', 'security: { audit: false }', fiveHosts);
    expect(told(before, after)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^changes flags: kube-apiserver: --audit-log-maxage=30 goes/),
        expect.stringMatching(/^changes files: gone: .*audit-policy\.yaml/),
      ]),
    );
  });

  test('values that each host has for itself are not spelled out', () => {
    const after = clusterOf('kubernetes: { version: 1.20.2 }', fiveHosts.replaceAll('192.0.2', '198.51.100'));
    const [line] = told(before, after).filter((one) => one.includes('--advertise-address'));
    expect(line).toBeDefined();
    expect(line).toContain('... -> ...');
  });

  test('units, modules and programs', () => {
    const [containerd, docker] = ['containerd', 'docker'].map((type) =>
      at('1.20.2', `runtime: { type: ${type} }`, oneHost),
    );
    if (containerd === undefined || docker === undefined) throw new Error('two clusters');
    expect(told(containerd, docker)).toEqual(
      expect.arrayContaining([
        'changes units: new: docker.service',
        'changes units: no longer used: containerd.service',
      ]),
    );
    const iptables = at('1.20.2', 'network: { proxy: { mode: iptables } }', oneHost);
    expect(told(containerd, iptables)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^changes kernel modules: no longer used: ip_vs/),
        'changes configuration: kube-proxy: mode ipvs -> iptables',
      ]),
    );
  });

  test('the sandbox image is told of as an image, not as a flag', () => {
    expect(told(at('1.20.2', oneHost), at('1.21.1', oneHost)).join()).not.toContain(
      'pod-infra-container-image',
    );
  });

  test('secrets play no part', () => {
    const proxy = 'runtime: { proxy: { http: "http://me:hunter2@proxy.example:3128" } }';
    const shape = shapeOf(clusterOf(proxy, oneHost), hostOf(clusterOf(proxy, oneHost)), templates);
    expect([...shape.files.values()].join()).not.toContain('hunter2');
  });
});

describe('a flag that goes with the version says why', () => {
  /** Minors in whose step hardway stops to set --logtostderr: one, wherever the tables put it. */
  test('when hardway leaves it out, by the table of flags', () => {
    const minors = ['1.22', '1.23', '1.24', '1.25', '1.26', '1.27'];
    const sets = minors.map((minor) => {
      const cluster = at(`"${minor}"`, oneHost);
      return shapeOf(cluster, hostOf(cluster), templates).flags.get('kubelet')?.has('logtostderr') === true;
    });
    for (const [index, minor] of minors.entries()) {
      if (index === 0 || sets[index] === sets[index - 1]) continue;
      const lines = told(at(`"${minors[index - 1]}"`, oneHost), at(`"${minor}"`, oneHost));
      expect(lines).toContainEqual(
        expect.stringMatching(/--logtostderr=true goes \(.*the log goes to standard error/),
      );
    }
  });

  test('one that is deprecated and set all the same is told of once', () => {
    const all = ['1.22', '1.23', '1.24', '1.25'].map((minor) => at(`"${minor}"`, oneHost));
    const lines = all.slice(1).flatMap((after, index) => told(all[index] ?? after, after));
    const deprecated = lines.filter((line) => line.includes('--pod-infra-container-image is deprecated'));
    expect(deprecated).toHaveLength(
      isAccepted(flagsOf('kubelet')['pod-infra-container-image'] ?? { since: '9.9' }, '1.24') ? 1 : 0,
    );
  });
});

test('two hosts of a kind are planned', () => {
  const { cluster } = loadInventory(manyHosts(300), 'test.yaml');
  if (cluster === undefined) throw new Error('no cluster');
  expect(kindsOfHosts(cluster).map(({ name }) => name)).toEqual(['m1', 'n0', 'n1']);
});
