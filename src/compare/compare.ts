/**
 * A cluster and what was rendered of it last in, what a render would change out. Renders in
 * memory, one host after another; writes nothing, makes no key and no certificate.
 */
import { type BinarySupply, programsOf } from '../binaries/programs.ts';
import { clusterId } from '../bundle/bundle.ts';
import { manifestText } from '../bundle/manifest.ts';
import { readManifest } from '../bundle/read-manifest.ts';
import type { RenderedHost, RenderedOutput } from '../bundle/rendered.ts';
import { authorityOf } from '../model/certificate.ts';
import { type Cluster, type Host, hostsWithRole } from '../model/cluster.ts';
import type { ImageArchive } from '../model/image-archive.ts';
import type { Forecast } from '../pki/forecast.ts';
import { yetToBeMade } from '../pki/forecast.ts';
import { planHost } from '../plan/plan.ts';
import { createRenderer } from '../render/render.ts';
import type { Templates } from '../render/template.ts';
import type { Difference, HostChange } from './difference.ts';
import { type Bare, type Members, risksOf, rolloutOf } from './events.ts';
import { createCompareFiles, type NextHost, newFiles } from './files.ts';
import { unitChanges } from './units.ts';

/** What every bundle has in common, beside cluster and PKI. */
export interface Parts {
  readonly templates: Templates;
  readonly installScript: Buffer;
  readonly binaries: BinarySupply;
  /** A kit's; a render brings none. */
  readonly images: readonly ImageArchive[];
  /** Version of hardway. */
  readonly release: string;
}

/** The difference; `forecast` holds the files of an external etcd too, where there is one. */
export async function compare(
  cluster: Cluster,
  forecast: Forecast,
  rendered: RenderedOutput,
  parts: Parts,
): Promise<Difference> {
  const isFirst = rendered.hosts.length === 0;
  const nextOf = createNext(forecast, parts);
  const compareFiles = createCompareFiles(forecast.pki.encryptionKey);
  const hosts: HostChange[] = [];
  const known = new Set(rendered.hosts);
  const before: Before = { kubernetes: undefined, members: 0 };
  for (const host of cluster.hosts) {
    const old = known.has(host.name) ? await rendered.read(host.name) : undefined;
    note(before, old);
    hosts.push(...hostChange(host, old, nextOf(cluster, host), compareFiles));
  }
  const names = new Set(cluster.hosts.map(({ name }) => name));
  const left = rendered.hosts.filter((name) => !names.has(name));
  for (const name of left) {
    const old = await rendered.read(name);
    note(before, old);
    hosts.push(removedHost(old));
  }
  const bare: Bare = {
    cluster: cluster.name,
    kubernetes: { old: before.kubernetes, new: cluster.kubernetes.version },
    isFirst,
    hostCount: cluster.hosts.length + left.length,
    pki: forecast.changes,
    hosts,
  };
  const members: Members = { before: before.members, after: hostsWithRole(cluster, 'etcd').length };
  return { ...bare, risks: risksOf(bare, members), rollout: rolloutOf(bare) };
}

/** What the bundles of before say of the cluster as a whole. */
interface Before {
  kubernetes: string | undefined;
  members: number;
}

function note(before: Before, host: RenderedHost | undefined): void {
  before.kubernetes ??= host?.manifest.kubernetes;
  if (host?.manifest.roles.includes('etcd') === true) before.members += 1;
}

function createNext({ pki, pairTexts }: Forecast, parts: Parts): (cluster: Cluster, host: Host) => NextHost {
  const renderHost = createRenderer(pki, parts.templates, pairTexts);
  const authority = authorityOf(pki, pki.authorities['etcd-ca'] === undefined ? 'kubernetes-ca' : 'etcd-ca');
  const isMade = authority.certificatePem !== yetToBeMade;
  const facts = {
    release: parts.release,
    clusterId: isMade ? clusterId(authority.certificatePem) : yetToBeMade,
    images: parts.images,
  };
  return (cluster, host) => {
    const plan = planHost(cluster, host);
    return {
      manifest: readManifest(manifestText(plan, { ...facts, programs: programsOf(plan, parts.binaries) })),
      files: renderHost(plan),
      installScript: parts.installScript,
    };
  };
}

function hostChange(
  host: Host,
  before: RenderedHost | undefined,
  next: NextHost,
  compareFiles: (before: RenderedHost, next: NextHost) => HostChange['files'],
): HostChange[] {
  const files = before === undefined ? newFiles(next) : compareFiles(before, next);
  if (before !== undefined && files.length === 0) return [];
  return [
    {
      host: host.name,
      state: before === undefined ? 'added' : 'changed',
      roles: host.roles,
      rolesBefore: before?.manifest.roles ?? [],
      ownNames: ownNames(
        host.name,
        host.fqdn,
        host.addresses.map(({ text }) => text),
      ),
      files,
      units: unitChanges(before?.manifest, next.manifest, files),
    },
  ];
}

function removedHost({ host, manifest }: RenderedHost): HostChange {
  const { roles, fqdn, addresses } = manifest;
  return {
    host,
    state: 'removed',
    roles,
    rolesBefore: roles,
    ownNames: ownNames(host, fqdn, addresses),
    files: [],
    units: [],
  };
}

function ownNames(name: string, fqdn: string | undefined, addresses: readonly string[]): string[] {
  return [...(fqdn === undefined ? [] : [fqdn]), name, ...addresses];
}
