/** Where a command finds the PKI store of a cluster, and what an operator must know about changes of it. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PkiChange } from '../model/certificate.ts';
import { type Cluster, hostsWithRole } from '../model/cluster.ts';
import { certificateId } from '../plan/certificates.ts';

/** `--pki-dir`, or `pki/CLUSTER` beside the inventory (in the current folder for standard input). */
export function pkiDirOf(cluster: Cluster, inventory: string, pkiDir: string | undefined): string {
  if (pkiDir !== undefined) return pkiDir;
  return join(inventory === '-' ? '.' : dirname(inventory), 'pki', cluster.name);
}

/** Hosts that a store has certificates for, when it has none for any host of this cluster. */
export function otherHostsIn(pkiDir: string, cluster: Cluster): readonly string[] {
  const folder = join(pkiDir, 'hosts');
  const known = existsSync(folder) ? readdirSync(folder) : [];
  const own = new Set(cluster.hosts.map((host) => host.name));
  return known.some((name) => own.has(name)) ? [] : known.sort();
}

/** What a render did to the store that may not be what the operator meant. */
export function changeWarnings(
  cluster: Cluster,
  changes: readonly PkiChange[],
  otherHosts: readonly string[],
): string[] {
  return [...sharedStore(cluster, otherHosts), ...newMembers(cluster, changes), ...keptAuthorities(changes)];
}

function sharedStore(cluster: Cluster, otherHosts: readonly string[]): string[] {
  if (otherHosts.length === 0) return [];
  const names = otherHosts.slice(0, 3).join(', ');
  return [
    `the PKI store was made for other hosts (${names}); if that is another cluster, its administrator is now this one's too: ` +
      `give cluster.name, now ${cluster.name}, a value of its own, or name another store with --pki-dir`,
  ];
}

/** etcd finds its members when it starts for the first time; later they have to be added by hand. */
function newMembers(cluster: Cluster, changes: readonly PkiChange[]): string[] {
  const created = new Set(changes.filter(({ action }) => action === 'created').map(({ what }) => what));
  const members = hostsWithRole(cluster, 'etcd');
  const added = members.filter((host) => created.has(certificateId(host, 'etcd-server')));
  if (added.length === 0 || added.length === members.length) return [];
  const names = added.map((host) => host.name).join(', ');
  return [
    `${names}: new among the etcd members; if the others run already, these bundles would start a second, empty etcd. ` +
      'Growing a running etcd is not supported yet: install these hosts only if the cluster is new',
  ];
}

function keptAuthorities(changes: readonly PkiChange[]): string[] {
  const isNewAlgorithm = changes.some(({ reason }) => reason.includes('key algorithm'));
  return isNewAlgorithm
    ? ['authorities and the service-account key keep their algorithm; docs/pki.md says how to replace them']
    : [];
}
