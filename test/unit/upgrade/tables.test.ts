/** What tables say about a step of an inventory: etcd, images, runtime, APIs, notes, skew. */
import { describe, expect, test } from 'vitest';
import { releases } from '../../../src/catalog/releases.ts';
import { totalsOf } from '../../../src/upgrade/item.ts';
import { skewOf } from '../../../src/upgrade/rollout.ts';
import { tableItems } from '../../../src/upgrade/tables.ts';
import { clusterOf, fiveHosts, ipv6Networks, oneHost, oneIPv6Host } from '../../support/clusters.ts';
import { itemsTo, messagesTo, upgrade } from '../../support/upgrades.ts';

describe('etcd', () => {
  test('goes first, member by member', () => {
    const [message] = messagesTo(upgrade('1.21.1', '1.22', fiveHosts), '1.22', 'changes');
    expect(message).toBe(
      'etcd 3.4.13 -> 3.5.3, before kube-apiserver, one member after the other (m1, m2, m3)',
    );
  });

  test('is silent where it stays', () => {
    expect(itemsTo(upgrade('1.20.1', '1.21', fiveHosts)).map(({ subject }) => subject)).not.toContain('etcd');
  });

  test('3.6 wants 3.5.24 everywhere first', () => {
    const changes = messagesTo(upgrade('1.33.1', '1.34', oneHost), '1.34', 'changes').join();
    expect(changes).toMatch(/etcd 3\.5\.24 -> 3\.6\.5.*every member must run 3\.5\.24 or newer before/);
  });

  test('that the inventory holds back is looked at, or refused by the rules', () => {
    const one = upgrade('1.30.1', '1.31', 'etcd: { version: 3.5.12 }', oneHost);
    expect(messagesTo(one, '1.31', 'check')).toContainEqual(
      'the inventory keeps etcd 3.5.12; Kubernetes 1.31 goes with 3.5.24',
    );
    const next = upgrade('1.33.1', '1.34', 'etcd: { version: 3.5.12 }', oneHost);
    expect(messagesTo(next, '1.34', 'check')).toContainEqual(
      expect.stringMatching(
        /keeps etcd 3\.5\.12.*goes with 3\.6\.5; every member must run 3\.5\.24 or newer/,
      ),
    );
    const last = upgrade('1.36.1', '1.37', 'etcd: { version: 3.6.5 }', oneHost);
    expect(messagesTo(last, '1.37', 'blocks')).toEqual([expect.stringContaining('etcd 3.6.5')]);
  });
});

test('an etcd that others keep is theirs to upgrade', () => {
  const [before, after] = ['1.21.1', '1.22.1'].map((version) => {
    const cluster = clusterOf(`kubernetes: { version: ${version} }`, fiveHosts);
    return { ...cluster, hosts: cluster.hosts.filter(({ roles }) => !roles.includes('etcd')) };
  });
  if (before === undefined || after === undefined) throw new Error('two clusters');
  expect(tableItems(before, after)).toContainEqual(
    expect.objectContaining({ kind: 'check', subject: 'etcd', message: expect.stringContaining('3.5.3') }),
  );
  expect(tableItems(after, after).map(({ subject }) => subject)).not.toContain('etcd');
});

describe('images and runtime', () => {
  test('pause and CoreDNS', () => {
    expect(messagesTo(upgrade('1.22.1', '1.23', oneHost), '1.23', 'changes')).toContain(
      'registry.k8s.io/pause:3.5 -> 3.6; registry.k8s.io/coredns/coredns:v1.8.4 -> v1.8.6',
    );
    expect(
      messagesTo(upgrade('1.22.1', '1.23', 'addons: { coredns: false }', oneHost), '1.23', 'changes'),
    ).toContain('registry.k8s.io/pause:3.5 -> 3.6');
  });

  test('an image of the inventory stays, and is looked at', () => {
    const one = upgrade('1.22.1', '1.23', 'runtime: { sandboxImage: "mirror.example/pause:3.5" }', oneHost);
    expect(messagesTo(one, '1.23', 'check')).toContainEqual(
      expect.stringContaining('keeps the sandbox image mirror.example/pause:3.5'),
    );
  });

  test('CRI v1 from 1.26 on', () => {
    const check = (runtime: string) =>
      messagesTo(upgrade('1.25.1', '1.26', `runtime: { ${runtime} }`, oneHost), '1.26', 'check').join('\n');
    expect(check('type: containerd')).toContain('containerd 1.6.15 or newer');
    expect(check('type: external, socket: /run/crio/crio.sock')).toContain('CRI v1 only');
    expect(check('type: docker')).toContain('cri-dockerd has since 0.3.0');
    expect(check('type: docker')).not.toContain('containerd 1.6.15');
  });

  test('Docker without cri-dockerd blocks 1.24, and no other runtime does', () => {
    const blocks = (type: string) =>
      messagesTo(upgrade('1.23.1', '1.25', `runtime: { type: ${type} }`, oneHost), '1.24', 'blocks');
    expect(blocks('docker')).toEqual([expect.stringContaining('dockershim')]);
    expect(blocks('containerd')).toEqual([]);
  });
});

describe('notes', () => {
  test.each([
    ['1.20.2', '1.21', 'bound and expire'],
    ['1.23.1', '1.24', 'no Secret with a token'],
    ['1.28.1', '1.29', 'nobody has used for a year'],
    ['1.34.1', '1.35', 'cgroup v1'],
    ['1.36.1', '1.37', 'containerd answers since 2.0'],
  ])('%s to %s: %s', (from, to, text) => {
    const items = itemsTo(upgrade(from, to, oneHost), to).filter((item) => item.text.includes(text));
    expect(items).toEqual([expect.objectContaining({ kind: 'check', source: expect.stringContaining('#') })]);
  });

  test('labels and taints concern control planes that are nodes', () => {
    const texts = (hosts: string) => itemsTo(upgrade('1.23.1', '1.25', hosts)).map(({ subject }) => subject);
    expect(texts(oneHost)).toEqual(expect.arrayContaining(['node labels', 'node taints']));
    expect(texts(fiveHosts)).not.toContain('node labels');
    expect(texts(fiveHosts)).not.toContain('node taints');
  });

  test('what the inventory settles is not asked again', () => {
    const cgroups = (config: string) =>
      messagesTo(
        upgrade('1.34.1', '1.35', `components: { kubelet: { config: { ${config} } } }`, oneHost),
        '1.35',
        'check',
      ).filter((text) => text.includes('cgroup v1'));
    expect(cgroups('failCgroupV1: false')).toEqual([]);
    expect(cgroups('maxPods: 100')).toHaveLength(1);
  });

  test('a default that hardway writes out is told of as a flag, if at all', () => {
    expect(messagesTo(upgrade('1.31.1', '1.32', oneHost), '1.32', 'check').join()).not.toContain('heartbeat');
    const removed = 'components: { controllerManager: { args: { node-monitor-grace-period: null } } }';
    expect(messagesTo(upgrade('1.31.1', '1.32', removed, oneHost), '1.32', 'check').join()).toContain(
      'heartbeat',
    );
  });
});

describe('APIs', () => {
  test.each([
    ['1.22', ['networking.k8s.io/v1beta1 Ingress', 'apiextensions.k8s.io/v1beta1 CustomResourceDefinition']],
    ['1.25', ['policy/v1beta1 PodSecurityPolicy (no successor)', 'batch/v1beta1 CronJob (now batch/v1)']],
    ['1.26', ['autoscaling/v2beta2 HorizontalPodAutoscaler']],
    ['1.27', ['storage.k8s.io/v1beta1 CSIStorageCapacity']],
    ['1.29', ['flowcontrol.apiserver.k8s.io/v1beta2']],
    ['1.32', ['flowcontrol.apiserver.k8s.io/v1beta3']],
  ])('that go with %s', (minor, apis) => {
    const [item] = itemsTo(upgrade('1.21.1', '1.33', oneHost), minor).filter(
      ({ subject }) => subject === 'APIs',
    );
    expect(item?.kind).toBe('check');
    for (const api of apis) expect(item?.text).toContain(api);
  });

  test('nothing is said of them in a step without', () => {
    const subjects = itemsTo(upgrade('1.23.1', '1.24', oneHost)).map(({ subject }) => subject);
    expect(subjects).not.toContain('APIs');
  });
});

describe('versions side by side', () => {
  test.each([
    ['1.24.1', '1.22', true],
    ['1.27.1', '1.25', true],
    ['1.28.1', '1.25', false],
    ['1.29.1', '1.26', false],
  ])('API servers of %s take nodes from %s on', (to, oldestNode, proxyFollowsKubelet) => {
    expect(skewOf({ from: '', to })).toMatchObject({ oldestNode, proxyFollowsKubelet });
  });

  test('controllers are one minor behind at most, kubectl one on either side', () => {
    expect(skewOf({ from: '', to: '1.30.1' })).toMatchObject({
      oldestController: '1.29',
      newestKubectl: '1.31',
    });
  });
});

describe('the order of the roll-out', () => {
  test('etcd, control planes, workers, with their names', () => {
    const text = upgrade('1.20.2', '1.21', fiveHosts).rollout.join('\n');
    expect(text).toMatch(
      /snapshot of etcd[\s\S]*members first[\s\S]*\(m1, m2, m3\)[\s\S]*control planes[\s\S]*drain/,
    );
    expect(text).toContain('(w1, w2)');
  });

  test('a host that is both is drained, and its kubelet waits', () => {
    const hosts = fiveHosts.replaceAll('[etcd, control-plane]', '[etcd, control-plane, worker]');
    expect(upgrade('1.20.2', '1.21', hosts).rollout.join('\n')).toContain('when all control planes are done');
    expect(upgrade('1.20.2', '1.21', oneHost).rollout.join('\n')).toContain('the API is away');
  });
});

test.each([
  ['one host', oneHost],
  ['docker, token file', `runtime: { type: docker }\nbootstrap: { method: token-file }\n${fiveHosts}`],
  [
    'external runtime, signed',
    `runtime: { type: external, socket: /run/s }\nbootstrap: { method: signed }\n${fiveHosts}`,
  ],
  ['IPv6', `${ipv6Networks}\n${oneIPv6Host}`],
])('%s goes from the oldest minor to the newest', (_, text) => {
  const one = upgrade('1.20.2', releases.at(-1)?.minor ?? '', text);
  expect(one.steps).toHaveLength(releases.length - 1);
  const { check, changes } = totalsOf(one.steps);
  expect(check).toBeGreaterThan(5);
  expect(changes).toBeGreaterThan(20);
});
