/** What hardway rendered, imported again: the inventory is valid and renders the same files with the same PKI. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importCluster } from '../../src/commands/import.ts';
import { formatDiagnostics } from '../../src/diagnostics/format.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { Pki } from '../../src/model/certificate.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { bundlesOf } from '../support/bundles.ts';
import { projectRoot } from '../support/cli.ts';
import { clusterOf, fiveHosts, ipv6Networks, oneIPv6Host, pkiOf } from '../support/clusters.ts';
import { memoryIo } from '../support/io.ts';
import { temporaryFolder, writeBundles } from './folder.ts';

function imported(folder: string) {
  const io = memoryIo();
  const status = importCluster(
    { path: folder, kubernetesVersion: undefined, format: 'text', quiet: false },
    io,
  );
  return { status, text: io.output(), errors: io.errors() };
}

function loaded(text: string): Cluster {
  const { cluster, diagnostics, source } = loadInventory(text, 'imported.yaml');
  if (cluster === undefined) throw new Error(`${formatDiagnostics(source, diagnostics)}\n${text}`);
  return cluster;
}

/** `host path` of files that differ. */
function differing(left: Cluster, right: Cluster, pki: Pki): string[] {
  const now = new Date('2026-01-01');
  const [before, after] = [left, right].map(
    (cluster) =>
      new Map(
        bundlesOf(cluster, pki, now).bundles.flatMap(({ host, files }) =>
          files.map(({ path, content }) => [`${host} ${path}`, content.toString('base64')] as const),
        ),
      ),
  );
  const names = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...names].filter((name) => before?.get(name) !== after?.get(name)).sort();
}

const example = (name: string) => {
  const text = readFileSync(join(projectRoot, 'examples', `${name}.yaml`), 'utf8');
  return text.replace(/^apiVersion:.*\n/m, '');
};
const at = (text: string, version: string) => text.replace(/^ {2}version:.*$/m, `  version: "${version}"`);

const clusters: Readonly<Record<string, readonly string[]>> = {
  "the guide's six hosts": [example('ha-stacked')],
  "the guide's six hosts at 1.24": [at(example('ha-stacked'), '1.24')],
  "the guide's six hosts at 1.30": [at(example('ha-stacked'), '1.30')],
  'one host at the newest version': [
    'hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane, worker] }]',
  ],
  IPv6: [ipv6Networks, oneIPv6Host],
  'two families': [example('dual-stack')],
  'etcd on hosts of its own': [example('ha-external').replace(/rsa-\d+/g, 'ecdsa-p384')],
  'an address that keepalived moves': [
    'endpoint: { mode: keepalived, vip: 192.0.2.100, interface: eth0 }',
    fiveHosts,
  ],
  'balancers on hosts of their own': [
    'endpoint: { mode: haproxy, vip: 192.0.2.100 }',
    `${fiveHosts}\n  - { name: l1, address: 192.0.2.11, roles: [load-balancer] }\n  - { name: l2, address: 192.0.2.12, roles: [load-balancer] }`,
  ],
  'a balancer on each node': ['endpoint: { mode: node-local, host: api.example }', fiveHosts],
  'signed certificates, flags and fields of its own': [
    'kubernetes: { version: "1.27", logLevel: 4 }',
    'cluster: { name: other, domain: example, dnsDomain: k8s.example }',
    'bootstrap: { method: signed }',
    'network: { serviceCIDR: 10.1.0.0/16, podCIDR: 10.2.0.0/16, nodeCIDRMaskSize: 25, nodePortRange: 20000-21000, proxy: { mode: iptables } }',
    'etcd: { dataDir: /srv/etcd, clusterToken: mine, env: { ETCD_QUOTA_BACKEND_BYTES: "8589934592" } }',
    'pki: { extraSANs: [other.example, 203.0.113.7] }',
    'components: { apiserver: { args: { max-requests-inflight: "800" } }, kubelet: { config: { maxPods: 200 } }, scheduler: { args: { kube-api-qps: "100" } } }',
    fiveHosts,
  ],
};

/** What files do not tell: the order of hosts in the inventory, and a backup of etcd. */
const notTold = [
  / \/etc\/hosts$/,
  /hardway-etcd-backup/,
  / \/etc\/haproxy\/haproxy\.cfg$/,
  / \/etc\/kubernetes\/node-labels$/,
];

describe.each(Object.entries(clusters))('%s', (name, parts) => {
  test('comes back as it was', { timeout: 120_000 }, async () => {
    const cluster = clusterOf(...parts);
    const pki = await pkiOf(cluster);
    const { status, text, errors } = imported(writeBundles(temporaryFolder(), cluster, pki));
    expect(errors).not.toMatch(/hosts differ|left out:/);
    expect(status).toBe(0);
    const files = differing(cluster, loaded(text), pki);
    expect(files.filter((file) => !notTold.some((pattern) => pattern.test(file)))).toEqual([]);
    if (name !== 'etcd on hosts of its own') expect(files).toEqual([]);
  });
});
