/** Cluster in, the official files that its hosts' binaries come in out: where they are, and what is wanted of them. */
import { type DownloadRow, downloads } from '../catalog/downloads.ts';
import { releaseOf } from '../catalog/releases.ts';
import { type Architecture, architectures, type Cluster, type Role, roleNames } from '../model/cluster.ts';
import { binariesOf } from '../plan/binaries.ts';

/** A file as it is published. */
export interface Artefact {
  /** Host and path of its URL: its name in a lock, and its place in the cache and in a mirror. */
  readonly path: string;
  readonly url: string;
  /** Where its official sum is published. */
  readonly sumsUrl: string;
  readonly arch: Architecture;
  readonly product: DownloadRow['product'];
  readonly version: string;
  readonly binaries: readonly Binary[];
}

/** A program in a file, or the file itself. */
export interface Binary {
  readonly name: string;
  /** Its path in the archive; undefined where the file is the program itself. */
  readonly member: string | undefined;
  /** Its name in a lock. */
  readonly lockName: string;
  readonly roles: readonly Role[];
}

/** The files for every architecture that a cluster's hosts have, in the order of their paths. */
export function artefactsOf(cluster: Cluster): Artefact[] {
  const artefacts = new Map<string, Artefact>();
  for (const { role, arch } of kindsOf(cluster)) {
    for (const { name } of binariesOf(cluster, [role])) {
      const found = findArtefact(cluster, arch, name);
      if (found === undefined) continue;
      const known = artefacts.get(found.path) ?? found;
      artefacts.set(found.path, { ...known, binaries: withBinary(known.binaries, found.binaries, role) });
    }
  }
  return [...artefacts.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Each role with each architecture that a host of it has. */
export function kindsOf(cluster: Cluster): readonly { readonly role: Role; readonly arch: Architecture }[] {
  const kinds = new Set(cluster.hosts.flatMap(({ roles, arch }) => roles.map((role) => `${role} ${arch}`)));
  return roleNames.flatMap((role) =>
    architectures.filter((arch) => kinds.has(`${role} ${arch}`)).map((arch) => ({ role, arch })),
  );
}

/** The file that a binary comes in, with this binary alone; undefined for one that is not published so. */
export function findArtefact(cluster: Cluster, arch: Architecture, name: string): Artefact | undefined {
  const row = downloads.find(({ binaries }) => binaries.includes(name));
  if (row === undefined) return undefined;
  const version = versionsOf(cluster)[row.product];
  const fill = (text: string) =>
    text.replaceAll('{version}', version).replaceAll('{arch}', arch).replaceAll('{binary}', name);
  const url = fill(row.url);
  const path = url.replace(/^https:\/\//, '');
  const member = row.member === undefined ? undefined : fill(row.member);
  const lockName = member === undefined ? path : `${path}#${member}`;
  return {
    path,
    url,
    sumsUrl: fill(row.sumsUrl),
    arch,
    product: row.product,
    version,
    binaries: [{ name, member, lockName, roles: [] }],
  };
}

function versionsOf({ kubernetes, etcd }: Cluster): Readonly<Record<DownloadRow['product'], string>> {
  return {
    kubernetes: kubernetes.version,
    etcd: etcd.version,
    cniPlugins: releaseOf(kubernetes.minor).cniPlugins,
  };
}

function withBinary(known: readonly Binary[], added: readonly Binary[], role: Role): Binary[] {
  const names = new Set(known.map(({ name }) => name));
  return [...known, ...added.filter(({ name }) => !names.has(name))].map((binary) =>
    added.some(({ name }) => name === binary.name) && !binary.roles.includes(role)
      ? { ...binary, roles: [...binary.roles, role] }
      : binary,
  );
}
