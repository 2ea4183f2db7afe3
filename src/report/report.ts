/**
 * Everything that report.html says, as plain data: the cluster and what a render has made of it in,
 * one value out. Nothing secret gets in: files come in the form of the review tree. No clock is asked,
 * so that the same inventory and PKI give the same report.
 */
import { readInstallScript } from '../assembly/pack.ts';
import type { AuditedHost } from '../audit/scope.ts';
import { roleOfDaemon } from '../catalog/daemons.ts';
import type { Family } from '../lib/ip.ts';
import { packageVersion } from '../lib/package-root.ts';
import type { Pki } from '../model/certificate.ts';
import { type Cluster, type Host, type Role, roleNames } from '../model/cluster.ts';
import type { Finding } from '../model/finding.ts';
import { endpointUrl, etcdClientUrls } from '../plan/endpoints.ts';
import { listenersOf } from '../verify/checks/ports.ts';
import { checks } from '../verify/verify.ts';
import type { ClusterView } from '../verify/view.ts';
import { hostClasses } from './classes.ts';
import { type Connection, connectionsOf, type RoleListener } from './connections.ts';
import { addressesOf, type PortRow, portRows } from './firewall.ts';
import { type SettingTable, settingTables } from './flags.ts';
import { type ReportedAudit, reportedAudit } from './hardening.ts';
import type { HostNote, ReportNotes } from './notes.ts';
import { type KeyRow, keyRows, type ReportedAuthority, reportedPki } from './pki.ts';
import type { ClusterTexts } from './texts.ts';
import { type Picture, pictureOf } from './topology.ts';

/** A bundle as the report names it. */
export interface ReportedBundle {
  readonly host: Host;
  readonly bundle: string;
  readonly sha256: string;
}

/** What a render has. The lists are in the order of the inventory. */
export interface ReportInput {
  readonly cluster: Cluster;
  readonly pki: Pki;
  readonly bundles: readonly ReportedBundle[];
  /** The bundles as the verification has read them. */
  readonly view: ClusterView;
  readonly notes: ReportNotes;
  readonly findings: readonly Finding[];
}

export interface ReportedHost {
  readonly name: string;
  readonly fqdn: string;
  readonly addresses: readonly string[];
  readonly roles: readonly string[];
  readonly arch: string;
  /** `key=value`. */
  readonly labels: readonly string[];
  readonly taints: readonly string[];
  readonly units: readonly string[];
  readonly sha256: string;
}

export interface Report {
  readonly name: string;
  readonly release: string;
  readonly kubernetes: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly roles: readonly { readonly name: Role; readonly count: number }[];
  readonly hosts: readonly ReportedHost[];
  readonly texts: ClusterTexts;
  readonly connections: readonly Connection[];
  readonly picture: Picture;
  readonly ports: readonly PortRow[];
  readonly groups: readonly { readonly name: Role; readonly addresses: readonly string[] }[];
  readonly families: readonly Family[];
  readonly authorities: readonly ReportedAuthority[];
  readonly renewBeforeDays: number;
  readonly keys: readonly KeyRow[];
  readonly settings: readonly SettingTable[];
  readonly audit: ReportedAudit;
  readonly verify: { readonly checks: number; readonly findings: readonly Finding[] };
}

/** The report of a render. */
export function reportOf(input: ReportInput): Report {
  const { cluster, pki, notes, findings } = input;
  const { texts } = notes;
  const classes = hostClasses(cluster);
  const views = classes.flatMap(({ first }) => input.view.hosts[first] ?? []);
  const listeners = views.flatMap((view) =>
    view.bundle.roles.flatMap((role): RoleListener[] =>
      listenersOf(view).flatMap((one) => (roleOfDaemon[one.daemon] === role ? [{ ...one, role }] : [])),
    ),
  );
  const secrets = classes.map(({ first }) => notes.hosts[first]?.secretFiles ?? new Set<string>());
  const connections = connectionsOf(cluster, listeners);
  const { kubernetesMinor, etcdMinor } = input.view.facts;
  const roles = roleNames.map((name) => ({ name, count: countOf(cluster, name) }));
  return {
    name: cluster.name,
    release: packageVersion(),
    kubernetes: cluster.kubernetes.version,
    facts: factsOf(cluster),
    roles: roles.filter(({ count }) => count > 0),
    hosts: cluster.hosts.map((host, index) => reportedHost(host, notes.hosts[index], input.bundles[index])),
    texts,
    connections,
    picture: pictureOf(cluster, connections),
    ports: portRows(cluster, connections),
    groups: roleNames.map((name) => ({ name, addresses: addressesOf(cluster, name) })),
    families: [...new Set(cluster.hosts.flatMap(({ addresses }) => addresses.map(({ family }) => family)))],
    authorities: reportedPki(cluster, pki, texts),
    renewBeforeDays: cluster.pki.renewBeforeDays,
    keys: keyRows(cluster),
    settings: settingTables(cluster, classes, views, secrets),
    audit: reportedAudit(cluster, classes, {
      kubernetesMinor,
      etcdMinor,
      bundles: classes.flatMap(({ first }) => auditedHost(input, first)),
      installScript: readInstallScript().toString(),
      view: {
        ...input.view,
        hosts: views,
        withRole: (role) => views.filter(({ bundle }) => bundle.roles.includes(role)),
      },
    }),
    verify: { checks: checks.length, findings },
  };
}

function auditedHost({ view, notes }: ReportInput, index: number): AuditedHost[] {
  const [host, other] = [view.hosts[index], notes.hosts[index]];
  return host === undefined || other === undefined
    ? []
    : [{ bundle: host.bundle, directories: other.directories }];
}

function countOf(cluster: Cluster, role: Role): number {
  return cluster.hosts.filter(({ roles }) => roles.includes(role)).length;
}

function reportedHost(
  host: Host,
  note: HostNote | undefined,
  bundle: ReportedBundle | undefined,
): ReportedHost {
  return {
    name: host.name,
    fqdn: host.fqdn ?? '',
    addresses: host.addresses.map(({ text }) => text),
    roles: host.roles,
    arch: host.arch,
    labels: Object.entries(host.labels).map(([key, value]) => `${key}=${value}`),
    taints: host.taints.map(({ key, value, effect }) => `${key}${value === '' ? '' : `=${value}`}:${effect}`),
    units: note?.units ?? [],
    sha256: bundle?.sha256 ?? '',
  };
}

function factsOf(cluster: Cluster): { name: string; value: string }[] {
  const { network, bootstrap, runtime, security } = cluster;
  const facts = {
    Kubernetes: cluster.kubernetes.version,
    etcd: cluster.etcd.external === undefined ? cluster.etcd.version : etcdClientUrls(cluster).join(', '),
    Endpoint: `${endpointUrl(cluster)} (${cluster.endpoint.mode})`,
    Services: network.serviceCIDRs.map((cidr) => cidr.text).join(', '),
    'API service': network.apiServiceAddresses.map((address) => address.text).join(', '),
    'Cluster DNS': `${network.clusterDNS.map((address) => address.text).join(', ')} (${cluster.dnsDomain})`,
    Pods: network.podCIDRs.map((cidr) => cidr.text).join(', '),
    'kube-proxy': network.proxy.mode,
    Bootstrap: bootstrap.method,
    Runtime: `${runtime.type}, cgroup driver ${runtime.cgroupDriver}`,
    'Secrets in etcd': security.encryptionAtRest ? 'encrypted' : 'in the clear',
    'Audit log': security.audit ? 'on' : 'off',
    Keys: cluster.pki.keyAlgorithm,
  };
  return Object.entries(facts).map(([name, value]) => ({ name, value }));
}
