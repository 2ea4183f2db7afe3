/** Clusters for tests, made as users make them: from the text of an inventory. */
import { formatDiagnostics } from '../../src/diagnostics/format.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import type { AuthorityName, ExternalEtcd, KeyPair, Pki, PkiRequest } from '../../src/model/certificate.ts';
import type { Cluster, Host } from '../../src/model/cluster.ts';
import type { FileSpec } from '../../src/model/file.ts';
import type { HostPlan } from '../../src/model/plan.ts';
import { type Authority, issueAuthority, issueLeaf } from '../../src/pki/issue.ts';
import { newBootstrapToken, newEncryptionKey, newServiceAccount } from '../../src/pki/secrets.ts';
import { pkiRequest } from '../../src/plan/certificates.ts';
import { planHost } from '../../src/plan/plan.ts';
import { createRenderer } from '../../src/render/render.ts';
import { loadTemplates } from '../../src/render/template.ts';

export const oneHost = 'hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane, worker] }]';
export const oneIPv6Host =
  'hosts: [{ name: a, address: "2001:db8::1", roles: [etcd, control-plane, worker] }]';
export const ipv6Networks = 'network: { serviceCIDR: "fd00:96::/112", podCIDR: "fd00:244::/56" }';

/** Three hosts of etcd and the control plane, two workers. */
export const fiveHosts = `
hosts:
  - { name: m1, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: m2, address: 192.0.2.2, roles: [etcd, control-plane] }
  - { name: m3, address: 192.0.2.3, roles: [etcd, control-plane] }
  - { name: w1, address: 192.0.2.4, roles: [worker] }
  - { name: w2, address: 192.0.2.5, roles: [worker] }`;

/** The cluster of an inventory, given without its first line; throws with the diagnostics when it has errors. */
export function clusterOf(...parts: readonly string[]): Cluster {
  const text = ['apiVersion: hardway/v1', ...parts].join('\n');
  const { cluster, diagnostics, source } = loadInventory(text, 'test.yaml');
  if (cluster !== undefined) return cluster;
  throw new Error(`${formatDiagnostics(source, diagnostics)}\n${text}`);
}

/** A host of a cluster by its name; without one, the first. */
export function hostOf(cluster: Cluster, name = cluster.hosts[0]?.name): Host {
  const host = cluster.hosts.find((one) => one.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return host;
}

/** The plan of a host by its name; without one, of the first. */
export function planOf(cluster: Cluster, name?: string): HostPlan {
  return planHost(cluster, hostOf(cluster, name));
}

/** A planned file by its path; throws when there is none. */
export function fileOf(plan: HostPlan, path: string): FileSpec {
  const file = plan.files.find((one) => one.path === path);
  if (file === undefined) throw new Error(`${plan.host.name} has no ${path}`);
  return file;
}

/** Inventories without their version, which together reach every row of the catalog's tables. */
const shapes = {
  'one host': [oneHost],
  'token file, Docker behind a proxy': [
    'bootstrap: { method: token-file }',
    'runtime: { type: docker, proxy: { http: "http://proxy.example:3128" } }',
    'addons: { coredns: false, flannel: false }',
    fiveHosts,
  ],
  'signed, external endpoint and runtime, no extras': [
    'bootstrap: { method: signed }',
    'binaries: { source: download }',
    'runtime: { type: external, socket: /run/crio/crio.sock }',
    'security: { audit: false, encryptionAtRest: false }',
    'hostsFile: { manage: false }',
    'endpoint: { host: api.example, mode: external, port: 443 }',
    'network: { proxy: { mode: iptables } }',
    fiveHosts,
  ],
  'containerd behind a proxy, mirrors, labels, taints': [
    'cluster: { domain: example }',
    'runtime: { proxy: { https: "http://proxy.example:3128" }, registryMirrors: { docker.io: ["https://mirror.example"] } }',
    'endpoint: { host: api.example }',
    `hosts:
  - { name: e, address: 192.0.2.1, roles: [etcd] }
  - { name: c, address: 192.0.2.2, roles: [control-plane] }
  - { name: w, address: 192.0.2.3, roles: [worker], labels: { disk: ssd }, taints: ["gpu=yes:NoSchedule"] }`,
  ],
  IPv6: [ipv6Networks, oneIPv6Host],
  'dual-stack, Docker with a mirror, a setting of authentication': [
    'network: { serviceCIDR: [10.96.0.0/12, "fd00:96::/112"], podCIDR: [10.244.0.0/16, "fd00:244::/56"], proxy: { mode: ipvs } }',
    'runtime: { type: docker, registryMirrors: { docker.io: ["https://mirror.example"] } }',
    'components: { apiserver: { args: { anonymous-auth: "false" } } }',
    'hosts: [{ name: a, addresses: [192.0.2.1, "2001:db8::1"], roles: [etcd, control-plane, worker] }]',
  ],
} as const;

function shapeAt(title: keyof typeof shapes, minor: string, gates = '{}'): Cluster {
  return clusterOf(`kubernetes: { version: "${minor}", featureGates: ${gates} }`, ...shapes[title]);
}

/** Clusters that together reach every row of the catalog's tables, and every condition both ways. */
export const manyClusters: Readonly<Record<string, Cluster>> = {
  'one host, the newest version': clusterOf(oneHost),
  'token file, dockershim behind a proxy': shapeAt('token file, Docker behind a proxy', '1.20'),
  'signed, external endpoint and runtime, no extras': shapeAt(
    'signed, external endpoint and runtime, no extras',
    '1.30',
  ),
  'containerd behind a proxy, mirrors, labels, taints, gates': shapeAt(
    'containerd behind a proxy, mirrors, labels, taints',
    '1.22',
    '{ NodeSwap: true, SeccompDefault: false }',
  ),
  IPv6: shapeAt('IPv6', '1.28'),
  'dual-stack, cri-dockerd with a mirror, a setting of authentication': shapeAt(
    'dual-stack, Docker with a mirror, a setting of authentication',
    '1.33',
  ),
  'etcd of others': clusterOf(
    `etcd: { external: { endpoints: ["https://Etcd.example:2379", "https://[2001:db8::9]:12379"],
      caFile: ca.crt, certFile: client.crt, keyFile: client.key } }`,
    'hosts: [{ name: c, address: 192.0.2.1, roles: [control-plane] }, { name: w, address: 192.0.2.2, roles: [worker] }]',
  ),
  'snapshots of etcd': clusterOf(
    'etcd: { backup: { schedule: "Mon..Fri *-*-* 02:30:00 UTC", keep: 3, dir: /srv/snapshots } }',
    fiveHosts,
  ),
  'floating address on the control planes': clusterOf(
    'endpoint: { host: api.example, mode: keepalived, vip: 192.0.2.100 }',
    fiveHosts,
  ),
  'load balancers with a floating address': clusterOf(
    'endpoint: { mode: haproxy, vip: 192.0.2.100, interface: eth1, virtualRouterId: 7, port: 8443 }',
    `hosts:
  - { name: b1, address: 192.0.2.11, roles: [load-balancer] }
  - { name: c1, address: 192.0.2.1, roles: [etcd, control-plane, load-balancer] }
  - { name: w1, address: 192.0.2.4, roles: [worker] }`,
  ),
  'one load balancer': clusterOf(
    'endpoint: { mode: haproxy }',
    `hosts:
  - { name: b1, address: 192.0.2.11, roles: [load-balancer] }
  - { name: c1, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: w1, address: 192.0.2.4, roles: [worker] }`,
  ),
  'each host balances for itself': clusterOf('endpoint: { mode: node-local }', fiveHosts),
  'etcd with TLS 1.3 alone': clusterOf(
    'etcd: { version: "3.5.24", env: { ETCD_TLS_MIN_VERSION: TLS1.3 } }',
    oneHost,
  ),
  'flannel without a tunnel': clusterOf('addons: { flannel: { backend: host-gw } }', fiveHosts),
  'IPv6, floating': clusterOf(
    ipv6Networks,
    'endpoint: { mode: keepalived, vip: "2001:db8::100" }',
    oneIPv6Host,
  ),
};

/** The same shapes, all at one version. */
export function clustersAt(minor: string): Readonly<Record<string, Cluster>> {
  const titles = Object.keys(shapes) as (keyof typeof shapes)[];
  return Object.fromEntries(titles.map((title) => [title, shapeAt(title, minor)]));
}

/** Every host of every one of some clusters, with a title for test.each. */
export function plansOf(
  clusters: Readonly<Record<string, Cluster>>,
): readonly (readonly [string, HostPlan])[] {
  return Object.entries(clusters).flatMap(([title, cluster]) =>
    cluster.hosts.map((host) => [`${title}: ${host.name}`, planHost(cluster, host)] as const),
  );
}

/** Every host of every one of those clusters, with a title for test.each. */
export const manyPlans = plansOf(manyClusters);

/** All keys and certificates of a cluster, made in memory. */
export async function pkiOf(cluster: Cluster): Promise<Pki> {
  const request = pkiRequest(cluster);
  const now = new Date();
  const authorities = new Map<AuthorityName, Authority>();
  for (const name of request.authorities) authorities.set(name, await issueAuthority(name, request, now));
  const certificates = new Map<string, KeyPair>();
  for (const wanted of request.certificates) {
    const authority = authorities.get(wanted.authority);
    if (authority === undefined) throw new Error(`no authority for ${wanted.id}`);
    certificates.set(wanted.id, await issueLeaf(authority, wanted, request, now));
  }
  const pairs = Object.fromEntries([...authorities].map(([name, { pair }]) => [name, pair]));
  return {
    authorities: pairs as Pki['authorities'],
    certificates,
    serviceAccount: await newServiceAccount(request.keyAlgorithm),
    bootstrapToken: newBootstrapToken(),
    encryptionKey: newEncryptionKey(),
    ...(cluster.etcd.external === undefined ? {} : { externalEtcd: await externalEtcd(request) }),
  };
}

/** What those who keep an etcd would give to its clients. */
export async function externalEtcd(request: PkiRequest, now = new Date()): Promise<ExternalEtcd> {
  const authority = await issueAuthority('etcd-ca', request, now);
  const wanted = {
    commonName: 'a-client',
    organization: undefined,
    usages: ['client'],
    sans: { dns: [], ip: [] },
  } as const;
  const pair = await issueLeaf(authority, wanted, request, now);
  return { authorityPem: authority.pair.certificatePem, ...pair };
}

/** The text of every file of a host, by path. */
export async function renderedTexts(plan: HostPlan): Promise<ReadonlyMap<string, string>> {
  const files = createRenderer(await pkiOf(plan.cluster), loadTemplates(templatesDir))(plan);
  return new Map(files.map(({ path, content }) => [path, content.toString()]));
}

/** An inventory of one control plane, m1, and this many workers, n0 and on. */
export function manyHosts(count: number): string {
  const hosts = Array.from(
    { length: count },
    (_, index) => `  - { name: n${index}, address: 10.1.${index >> 8}.${index & 255}, roles: [worker] }`,
  );
  return [
    'apiVersion: hardway/v1',
    'network: { podCIDR: 10.128.0.0/12 }',
    'hosts:',
    '  - { name: m1, address: 10.2.0.1, roles: [etcd, control-plane] }',
    ...hosts,
    '',
  ].join('\n');
}
