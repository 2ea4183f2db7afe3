/** What is written in an inventory, and the later version does not take. */
import { describe, expect, test } from 'vitest';
import { fiveHosts, oneHost } from '../../support/clusters.ts';
import { itemsTo, messagesTo, upgrade } from '../../support/upgrades.ts';

describe('flags of the inventory', () => {
  const one = upgrade(
    '1.22.3',
    '1.27',
    'components:',
    '  controllerManager: { args: { pod-eviction-timeout: 30s } }',
    '  kubelet: { args: { cni-bin-dir: /opt/cni/bin } }',
    oneHost,
  );

  test('that the next binary does not have block, at their line, with what to do instead', () => {
    expect(itemsTo(one, '1.24')).toContainEqual(
      expect.objectContaining({
        kind: 'blocks',
        message: expect.stringContaining('--cni-bin-dir'),
        fix: expect.stringContaining("container runtime's configuration"),
        places: [{ line: 4, column: 22, path: ['components', 'kubelet', 'args', 'cni-bin-dir'] }],
      }),
    );
  });

  test('block in one step only', () => {
    const telling = one.steps.filter((step) =>
      step.items.some(({ message }) => message.includes('cni-bin-dir')),
    );
    expect(telling.map(({ to }) => to)).toEqual(['1.24.17']);
  });

  test('are looked at when they become deprecated, and block when they go', () => {
    expect(messagesTo(one, '1.26', 'check')).toContainEqual(
      expect.stringContaining('--pod-eviction-timeout'),
    );
    expect(messagesTo(one, '1.27', 'blocks')).toContainEqual(
      expect.stringContaining('--pod-eviction-timeout'),
    );
  });

  test('at several places are one item', () => {
    const spread = upgrade(
      '1.23.1',
      '1.24',
      'hosts:',
      '  - { name: a, address: 192.0.2.1, roles: [etcd, control-plane] }',
      '  - { name: b, address: 192.0.2.2, roles: [worker], components: { kubelet: { args: { cni-bin-dir: /b } } } }',
      '  - { name: c, address: 192.0.2.3, roles: [worker], components: { kubelet: { args: { cni-bin-dir: /c } } } }',
    );
    const [item, ...more] = itemsTo(spread).filter(({ kind }) => kind === 'blocks');
    expect(more).toEqual([]);
    expect(item?.places?.map(({ line }) => line)).toEqual([4, 5]);
  });

  test('with a value that is no longer taken block, and with another do not', () => {
    const lock = (value: string) =>
      messagesTo(
        upgrade(
          '1.23.1',
          '1.28',
          `components: { scheduler: { args: { leader-elect-resource-lock: ${value} } } }`,
          oneHost,
        ),
        value.endsWith('leases') ? '1.28' : '1.24',
        'blocks',
      );
    expect(lock('endpoints')).toEqual([expect.stringContaining('does not accept "endpoints"')]);
    expect(lock('configmapsleases')).toEqual([expect.stringContaining('does not accept "configmapsleases"')]);
    expect(lock('leases')).toEqual([]);
  });

  test('of in-tree clouds block from 1.31 on', () => {
    const cloud = (value: string) =>
      upgrade('1.30.1', '1.31', `components: { kubelet: { args: { cloud-provider: ${value} } } }`, oneHost);
    expect(messagesTo(cloud('gce'), '1.31', 'blocks')).toHaveLength(1);
    expect(messagesTo(cloud('external'), '1.31', 'blocks')).toEqual([]);
  });
});

describe('everything else that is written', () => {
  test('an admission plugin that goes blocks where it is named', () => {
    const one = upgrade(
      '1.24.1',
      '1.26',
      'components:',
      '  apiserver: { args: { enable-admission-plugins: "NodeRestriction,PodSecurityPolicy" } }',
      oneHost,
    );
    expect(itemsTo(one, '1.25')).toContainEqual(
      expect.objectContaining({
        kind: 'blocks',
        message: expect.stringContaining('admission plugin PodSecurityPolicy'),
        places: [expect.objectContaining({ line: 3 })],
      }),
    );
    expect(messagesTo(one, '1.25', 'check')).toContainEqual(
      expect.stringContaining('what its policies forbade'),
    );
    expect(messagesTo(one, '1.26', 'blocks')).toEqual([]);
  });

  test('pod security is no matter where nobody asked for policies', () => {
    expect(messagesTo(upgrade('1.24.1', '1.25', oneHost), '1.25', 'check').join()).not.toContain(
      'policies forbade',
    );
  });

  test.each([
    ['TTLAfterFinished: true', '1.24.1', '1.25', /no feature gate TTLAfterFinished/],
    ['IPv6DualStack: false', '1.22.1', '1.23', /IPv6DualStack is locked to true/],
  ])('the feature gate %s', (gate, from, to, message) => {
    const one = upgrade(from, to, `kubernetes: { version: VERSION, featureGates: { ${gate} } }`, oneHost);
    expect(messagesTo(one, to, 'blocks')).toEqual([expect.stringMatching(message)]);
  });

  test('a field that becomes deprecated is looked at', () => {
    const one = upgrade(
      '1.27.1',
      '1.28',
      'components: { kubelet: { config: { iptablesDropBit: 12 } } }',
      oneHost,
    );
    expect(messagesTo(one, '1.28', 'check')).toContainEqual(expect.stringContaining('iptablesDropBit'));
  });

  test('a field that goes blocks', () => {
    const one = upgrade(
      '1.25.1',
      '1.26',
      'components: { proxy: { config: { udpIdleTimeout: 1s } } }',
      oneHost,
    );
    expect(messagesTo(one, '1.26', 'blocks')).toEqual([expect.stringContaining('udpIdleTimeout')]);
  });

  test('a variable that the next etcd does not read is looked at', () => {
    const one = upgrade('1.33.1', '1.34', 'etcd: { env: { ETCD_PROXY_WRITE_TIMEOUT: "1" } }', oneHost);
    expect(messagesTo(one, '1.34', 'check')).toContainEqual(
      expect.stringContaining('no longer has ETCD_PROXY_WRITE_TIMEOUT'),
    );
  });

  test('what is wrong at both versions is no matter of the upgrade', () => {
    const one = upgrade('1.23.1', '1.24', 'network: { serviceCIDR: 10.97.0.0/12 }', fiveHosts);
    expect(itemsTo(one).filter(({ subject }) => subject === 'inventory')).toEqual([]);
  });

  test('secrets of the inventory are not shown', () => {
    const one = upgrade(
      '1.32.1',
      '1.33',
      'components: { apiserver: { args: { cloud-config: "https://me:hunter2@cloud" } } }',
      oneHost,
    );
    expect(JSON.stringify(one)).toContain('no longer has --cloud-config');
    expect(JSON.stringify(one)).not.toContain('hunter2');
  });
});
