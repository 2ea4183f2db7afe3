/**
 * Cluster in, one plan per host out: which files, folders, units and users, with
 * which modes and owners. Pure data: no disk, no clock, no keys.
 */
import type { CertificateRow } from '../catalog/certificates.ts';
import { type HostFileRow, hostDirectories, hostFiles } from '../catalog/host-files.ts';
import * as paths from '../catalog/paths.ts';
import { isFrom } from '../catalog/releases.ts';
import * as requirements from '../catalog/requirements.ts';
import { parseEndpoint } from '../lib/endpoint.ts';
import { createMemo } from '../lib/memo.ts';
import {
  type Cluster,
  type ExternalEtcdSettings,
  type Host,
  hostsWithRole,
  primaryAddress,
  type Role,
} from '../model/cluster.ts';
import type { DirectorySpec, FileSource, FileSpec, KubeconfigSource } from '../model/file.ts';
import type { HostPlan } from '../model/plan.ts';
import { binariesOf } from './binaries.ts';
import { certificateId, certificateRowsOf } from './certificates.ts';
import { dialledUrl, etcdClientPort, localApiServerUrl, portOf } from './endpoints.ts';
import { extraManifestFiles } from './extra-manifests.ts';
import { type Facts, factsOf, holds } from './facts.ts';
import { registryFiles } from './registries.ts';
import { runtimeUnitOf } from './runtime.ts';
import { valuesOf } from './values.ts';

/** The plan of one host. */
export function planHost(cluster: Cluster, host: Host): HostPlan {
  const facts = factsOf(cluster, host);
  const kind = kinds(facts.conditions, '', () => kindOf(cluster, host, facts));
  return {
    cluster,
    host,
    ...kind,
    files: filesOf(cluster, host, facts),
    peers: peersOf(cluster, host, facts),
    requiresSwapOff: host.roles.includes('worker') && failsOnSwap(host),
    requiresCgroupV2: host.roles.includes('worker') && failsOnCgroupV1(cluster, host),
    values: valuesOf(cluster, host, facts, kind.modules),
  };
}

/** What follows from a host's roles and conditions alone: one and the same lists for all hosts of a kind. */
type KindOfHost = Omit<
  HostPlan,
  'cluster' | 'host' | 'files' | 'peers' | 'requiresSwapOff' | 'requiresCgroupV2' | 'values'
>;

const kinds = createMemo<Facts['conditions'], KindOfHost>();

function kindOf(cluster: Cluster, { roles }: Host, facts: Facts): KindOfHost {
  const applies = (row: { readonly role: Role; readonly when?: string }) =>
    roles.includes(row.role) && holds(facts, row.when);
  return {
    directories: directoriesOf(cluster, roles, facts),
    units: requirements.units.filter(applies),
    users: requirements.users.filter(applies),
    binaries: binariesOf(cluster, roles),
    commands: requirements.commands.filter(applies),
    ports: requirements.ports.filter(applies).map(({ port, unit }) => ({
      port: portOf(cluster, port),
      unit,
    })),
    modules: modulesOf(cluster, requirements.modules.filter(applies)),
    space: requirements.space
      .filter(applies)
      .map(({ path, mebibytes }) => ({ path: stateFolder(cluster, path), mebibytes })),
    data: requirements.data.filter(applies).map(({ path }) => stateFolder(cluster, path)),
    generated: requirements.generated.filter(applies).map((row) => row.path),
    awaited: requirements.awaited.filter(applies).map(({ unit, path }) => ({ unit, path })),
    runtime: runtimeOf(cluster, roles),
  };
}

/** Folders that the inventory names, by the words that stand for them in the catalog's tables. */
function stateFolder({ etcd, binaries }: Cluster, path: string): string {
  const folders: Readonly<Record<string, string | undefined>> = {
    etcd: etcd.dataDir,
    'etcd-backup': etcd.backup?.dir,
    binaries: binaries.dir,
  };
  return folders[path] ?? path;
}

function modulesOf(cluster: Cluster, rows: HostPlan['modules']): HostPlan['modules'] {
  const scheduler = `ip_vs_${cluster.network.proxy.ipvsScheduler}`;
  const named = rows.map(({ name, need }) => ({ name: name === '{scheduler}' ? scheduler : name, need }));
  return named.filter((module, index) => named.findIndex((other) => other.name === module.name) === index);
}

/** Whether the kubelet refuses to start while swap is on; its flag goes before the field of its configuration. */
function failsOnSwap({ components: { kubelet } }: Host): boolean {
  const flag = kubelet.args['fail-swap-on'] ?? undefined;
  return flag === undefined ? kubelet.config.failSwapOn !== false : flag !== 'false';
}

/** Since 1.35 the kubelet refuses hosts with cgroup v1, unless told otherwise (kubernetes/enhancements#5573). */
function failsOnCgroupV1({ kubernetes }: Cluster, { components: { kubelet } }: Host): boolean {
  if (!isFrom(kubernetes.minor, '1.31')) return false;
  const flag = kubelet.args['fail-cgroupv1'] ?? undefined;
  const field = kubelet.config.failCgroupV1;
  const said = flag === undefined ? field : flag !== 'false';
  return said === undefined ? isFrom(kubernetes.minor, '1.35') : said === true;
}

function directoriesOf(cluster: Cluster, roles: readonly Role[], facts: Facts): DirectorySpec[] {
  const rows = hostDirectories.filter(
    (row) => row.roles.some((role) => roles.includes(role)) && holds(facts, row.when),
  );
  const fromTable = rows.map(({ path, mode, owner = 'root', group = 'root' }) => ({
    path,
    mode,
    owner,
    group,
  }));
  if (!roles.includes('etcd')) return fromTable;
  const listed = new Set(fromTable.map(({ path }) => path));
  return [...fromTable, ...etcdDirectories(cluster).filter(({ path }) => !listed.has(path))];
}

/** Snapshots are root's: etcd, or who has got into it, cannot touch them. */
function etcdDirectories({ etcd: { dataDir, backup } }: Cluster): DirectorySpec[] {
  const data = { path: dataDir, mode: 0o700, owner: 'etcd', group: 'etcd' } as const;
  if (backup === undefined) return [data];
  return [data, { path: backup.dir, mode: 0o700, owner: 'root', group: 'root' }];
}

function filesOf(cluster: Cluster, host: Host, facts: Facts): FileSpec[] {
  const fromTable = tableFiles(facts.conditions, '', () => tableFilesOf(host, facts)).map(({ row, file }) =>
    row.overlay === undefined ? file : { ...file, source: sourceOf(row, host) },
  );
  const fromCertificates = certificateRowsOf(cluster, host).flatMap((row) =>
    certificateFiles(cluster, host, row),
  );
  const files = [
    ...fromTable,
    ...fromCertificates,
    ...bootstrapKubeconfig(cluster, host, facts),
    ...(host.roles.includes('worker') ? registryFiles(cluster) : []),
    ...(host.roles.includes('control-plane') ? extraManifestFiles(cluster) : []),
  ];
  return files.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** The rows that apply to a kind of host, with what each says of all hosts of that kind. */
type TableFiles = readonly { readonly row: HostFileRow; readonly file: FileSpec }[];

const tableFiles = createMemo<Facts['conditions'], TableFiles>();

function tableFilesOf(host: Host, facts: Facts): TableFiles {
  return hostFiles
    .filter((row) => row.roles.some((role) => host.roles.includes(role)) && holds(facts, row.when))
    .map((row) => ({ row, file: fileOf(row, host, facts) }));
}

function fileOf(row: HostFileRow, host: Host, facts: Facts): FileSpec {
  const owner = row.owner ?? 'root';
  return {
    path: row.path,
    mode: row.mode,
    owner,
    group: owner,
    placement: row.placement ?? 'file',
    services: (row.services ?? []).filter((service) => isUnitOf(service, host, facts)),
    source: sourceOf(row, host),
  };
}

/** A file that several roles share names only the units that its host runs. */
function isUnitOf(service: string, host: Host, facts: Facts): boolean {
  const rows = requirements.units.filter((unit) => unit.name === service);
  return rows.some((unit) => host.roles.includes(unit.role) && holds(facts, unit.when));
}

function sourceOf(row: HostFileRow, host: Host): FileSource {
  const { source } = row;
  if ('authority' in source) return { kind: 'authority', ...source };
  if ('externalEtcd' in source) return { kind: 'external-etcd', part: source.externalEtcd };
  if ('serviceAccount' in source) return { kind: 'service-account', part: source.serviceAccount };
  const overlay = row.overlay === undefined ? {} : host.components[row.overlay].config;
  const hasOverlay = Object.keys(overlay).length > 0;
  return { kind: 'template', template: source.template, ...(hasOverlay ? { overlay } : {}) };
}

function certificateFiles(cluster: Cluster, host: Host, row: CertificateRow): FileSpec[] {
  const id = certificateId(host, row.name);
  const common = { owner: row.owner, group: row.owner, placement: 'file', services: row.services } as const;
  if (row.delivery.kind === 'kubeconfig') {
    const { path, server } = row.delivery;
    return [
      {
        ...common,
        path,
        mode: 0o600,
        source: {
          kind: 'kubeconfig',
          server: server === 'endpoint' ? dialledUrl(cluster, host) : localApiServerUrl(cluster, host),
          cluster: cluster.name,
          user: row.commonName.replace('{node}', host.name),
          credential: { kind: 'certificate', id },
        },
      },
    ];
  }
  const { path } = row.delivery;
  return [
    {
      ...common,
      owner: 'root',
      group: 'root',
      path: `${path}.crt`,
      mode: 0o644,
      source: { kind: 'certificate', id, part: 'certificate' },
    },
    { ...common, path: `${path}.key`, mode: 0o600, source: { kind: 'certificate', id, part: 'private-key' } },
  ];
}

function bootstrapKubeconfig(cluster: Cluster, host: Host, facts: Facts): FileSpec[] {
  if (!host.roles.includes('worker') || !holds(facts, 'bootstrapsWithToken')) return [];
  const source: KubeconfigSource = {
    kind: 'kubeconfig',
    server: dialledUrl(cluster, host),
    cluster: cluster.name,
    user: 'system:bootstrapper',
    credential: { kind: 'bootstrap-token' },
  };
  const path = `${paths.authDir}/bootstrap.conf`;
  return [
    {
      path,
      mode: 0o600,
      owner: 'root',
      group: 'root',
      placement: 'file',
      services: ['kubelet.service'],
      source,
    },
  ];
}

const peersOfKinds = createMemo<Facts['conditions'], HostPlan['peers']>();

function peersOf(cluster: Cluster, host: Host, facts: Facts): HostPlan['peers'] {
  const rows = requirements.peers.filter(
    (row) =>
      host.roles.includes(row.role) &&
      holds(facts, row.when) &&
      (row.role === row.of || !host.roles.includes(row.of)),
  );
  const waitFor = (isOther: (other: Host) => boolean) =>
    rows.flatMap((row) => {
      if (row.of === 'etcd' && cluster.etcd.external !== undefined)
        return externalPeers(cluster.etcd.external);
      const others = hostsWithRole(cluster, row.of).filter(isOther);
      return others.map((other) => ({
        name: other.name,
        address: primaryAddress(other).text,
        port: portOf(cluster, row.port),
      }));
    });
  // Who is none of those that it waits for waits for the same as all hosts of its kind.
  const isAmongThem = rows.some((row) => host.roles.includes(row.of));
  return isAmongThem
    ? waitFor((other) => other !== host)
    : peersOfKinds(facts.conditions, '', () => waitFor(() => true));
}

/** They have no names of ours, and an endpoint may be a DNS name. */
function externalPeers({ endpoints }: ExternalEtcdSettings): HostPlan['peers'] {
  return endpoints.map((url) => {
    const { host = '', port = etcdClientPort } = parseEndpoint(url) ?? {};
    return { name: 'etcd', address: host, port };
  });
}

function runtimeOf(cluster: Cluster, roles: readonly Role[]): HostPlan['runtime'] {
  if (!roles.includes('worker')) return undefined;
  const { type, socket } = cluster.runtime;
  // What stands between the kubelet and Docker is ours, and listens once it is installed.
  return { type, unit: runtimeUnitOf(cluster), socket: type === 'docker' ? undefined : socket };
}
