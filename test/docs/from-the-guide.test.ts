/** Holds docs/from-the-guide.md against bundles: every file and text that it names is there. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { projectRoot, render, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder('guide');
const hostsOf: Readonly<Record<string, readonly string[]>> = {
  etcd: ['master01', 'master02', 'master03'],
  'control-plane': ['master01', 'master02', 'master03'],
  worker: ['node01', 'node02', 'node03'],
  'all-kubernetes': ['master01', 'master02', 'master03', 'node01', 'node02', 'node03'],
  all: ['master01', 'master02', 'master03', 'node01', 'node02', 'node03'],
};

const rows = readFileSync(join(projectRoot, 'docs/from-the-guide.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| the guide'))
  .map((line) => line.split(' | '));
const entries = rows.flatMap((cells) =>
  [
    ...cells
      .slice(1)
      .join(' | ')
      .matchAll(/`((?:etcd|control-plane|worker|all|all-kubernetes) (?:\/\S+?|manifest)(?:: [^`]*)?)`/g),
  ].map((match) => match[1] ?? ''),
);
const options = rows.flatMap((cells) =>
  [...cells.join('').matchAll(/`install\.sh (--[a-z-]+)`/g)].map((match) => match[1] ?? ''),
);

let review = '';
beforeAll(() => {
  review = join(render(join(projectRoot, 'examples/ha-stacked.yaml'), folder).out, 'review');
});

describe('docs/from-the-guide.md', () => {
  test('has a row for every flag and variable of the guide', () => {
    const guide = [
      ...new Set(rows.flatMap((cells) => (cells[0] ?? '').match(/--[a-z][a-z-]+|\bETCD_[A-Z_]+/g) ?? [])),
    ];
    expect(guide).toEqual(expect.arrayContaining([...guideFlags, ...guideVariables]));
  });

  test('has no entry that is misspelt, and would not be looked at', () => {
    const quoted = rows.flatMap(
      (cells) =>
        cells
          .slice(1)
          .join(' | ')
          .match(/`[^`]*`/g) ?? [],
    );
    const looksLikeEntry = quoted.filter((text) => /^`[a-z-]+ (?:\/|manifest)/.test(text));
    expect(looksLikeEntry.map((text) => text.slice(1, -1))).toEqual(entries);
  });

  test('says something on the right of every row', () => {
    for (const cells of rows) expect(cells.slice(1).join('').length, cells[0]).toBeGreaterThan(5);
  });

  test.each(entries)('%s', (entry) => {
    const [, role = '', path = '', text = ''] = /^(\S+) (\/\S+?|manifest)(?:: (.*))?$/.exec(entry) ?? [];
    for (const host of hostsOf[role] ?? []) {
      const file = join(review, host, path === 'manifest' ? 'manifest' : `rootfs${path}`);
      expect(statSync(file).isFile()).toBe(true);
      expect(readFileSync(file, 'utf8'), `${host} ${path}`).toContain(text);
    }
  });

  test.each(options)('install.sh knows %s', (option) => {
    const [host = ''] = readdirSync(review);
    expect(readFileSync(join(review, host, 'install.sh'), 'utf8')).toContain(option);
  });
});

/** Every flag that the guide sets on a component. */
const guideFlags = [
  '--logtostderr',
  '--allow-privileged',
  '--advertise-address',
  '--secure-port',
  '--insecure-port',
  '--etcd-servers',
  '--service-cluster-ip-range',
  '--enable-admission-plugins',
  '--authorization-mode',
  '--client-ca-file',
  '--enable-bootstrap-token-auth',
  '--token-auth-file',
  '--etcd-cafile',
  '--etcd-certfile',
  '--etcd-keyfile',
  '--kubelet-client-certificate',
  '--kubelet-client-key',
  '--kubelet-preferred-address-types',
  '--proxy-client-cert-file',
  '--proxy-client-key-file',
  '--requestheader-allowed-names',
  '--requestheader-client-ca-file',
  '--requestheader-extra-headers-prefix',
  '--requestheader-group-headers',
  '--requestheader-username-headers',
  '--service-account-key-file',
  '--service-account-signing-key-file',
  '--service-account-issuer',
  '--service-node-port-range',
  '--enable-aggregator-routing',
  '--tls-cert-file',
  '--tls-private-key-file',
  '--bind-address',
  '--allocate-node-cidrs',
  '--authentication-kubeconfig',
  '--authorization-kubeconfig',
  '--cluster-cidr',
  '--cluster-signing-cert-file',
  '--cluster-signing-key-file',
  '--controllers',
  '--kubeconfig',
  '--leader-elect',
  '--leader-elect-resource-lock',
  '--node-cidr-mask-size',
  '--root-ca-file',
  '--service-account-private-key-file',
  '--use-service-account-credentials',
  '--horizontal-pod-autoscaler-sync-period',
  '--node-monitor-grace-period',
  '--address',
  '--network-plugin',
  '--config',
  '--bootstrap-kubeconfig',
  '--pod-infra-container-image',
];

/** Every variable of the guide's /etc/default/etcd. */
const guideVariables = [
  'ETCD_DATA_DIR',
  'ETCD_LISTEN_PEER_URLS',
  'ETCD_LISTEN_CLIENT_URLS',
  'ETCD_NAME',
  'ETCD_INITIAL_ADVERTISE_PEER_URLS',
  'ETCD_ADVERTISE_CLIENT_URLS',
  'ETCD_INITIAL_CLUSTER',
  'ETCD_INITIAL_CLUSTER_TOKEN',
  'ETCD_CERT_FILE',
  'ETCD_KEY_FILE',
  'ETCD_CLIENT_CERT_AUTH',
  'ETCD_TRUSTED_CA_FILE',
  'ETCD_AUTO_TLS',
  'ETCD_PEER_CERT_FILE',
  'ETCD_PEER_KEY_FILE',
  'ETCD_PEER_CLIENT_CERT_AUTH',
  'ETCD_PEER_TRUSTED_CA_FILE',
  'ETCD_PEER_AUTO_TLS',
];
