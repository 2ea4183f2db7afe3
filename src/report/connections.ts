/**
 * The table of connections applied to a cluster: which rows there are, at which ports, with which
 * certificates. Ports of daemons are those of the rendered files, so that a picture or a firewall
 * table cannot differ from what is installed.
 */
import { type ConnectionRow, connections, type Party, type Protocol } from '../catalog/connections.ts';
import { downloads } from '../catalog/downloads.ts';
import { parseEndpoint } from '../lib/endpoint.ts';
import { type Cluster, hostsWithRole, type Role, roleNames } from '../model/cluster.ts';
import { certificateRows } from '../plan/certificates.ts';
import { conditionHolds, roleConditions } from '../plan/facts.ts';
import { dockerMirrors } from '../plan/registries.ts';
import type { Listener } from '../verify/checks/ports.ts';

/** A certificate as an arrow or a row names it. */
export interface NamedCertificate {
  readonly name: string;
  readonly commonName: string;
  readonly authority: string;
}

export interface Connection {
  /** The row's; a word for what no row knows. */
  readonly name: string;
  readonly from: Party;
  readonly to: Party;
  readonly client: string;
  readonly server: string;
  /** `6443`, `30000-32767`, or a word where no number is fixed. */
  readonly port: string;
  readonly protocol: Protocol;
  readonly clientCertificates: readonly NamedCertificate[];
  readonly serverCertificate: NamedCertificate | undefined;
  readonly proof: string;
  readonly reach: 'network' | 'host';
  readonly why: string;
}

/** A listener on hosts of a role. */
export interface RoleListener extends Listener {
  readonly role: Role;
}

/** Every connection that a cluster has, in the order of the table; then what listens and nobody of the table dials. */
export function connectionsOf(cluster: Cluster, listeners: readonly RoleListener[]): Connection[] {
  const applying = connections.filter((row) => applies(cluster, row));
  const known = applying.flatMap((row) =>
    portsOf(cluster, row, listeners).map((port) => connectionOf(cluster, row, port)),
  );
  return [...known, ...undialled(applying, listeners)];
}

function applies(cluster: Cluster, { from, to, when = [], modes }: ConnectionRow): boolean {
  if (modes !== undefined && !modes.includes(cluster.endpoint.mode)) return false;
  const isThere = (party: Party) => !isRole(party) || hostsWithRole(cluster, party).length > 0;
  if (!isThere(from) || !isThere(to)) return false;
  const roles = [from, to].filter(isRole);
  const conditions = roleConditions(cluster, roles);
  return when.every((one) => conditionHolds(conditions, one.replace(/^!/, '')) !== one.startsWith('!'));
}

/** Whether a party is a role of hosts. */
export function isRole(party: Party): party is Role {
  return (roleNames as readonly Party[]).includes(party);
}

function portsOf(cluster: Cluster, row: ConnectionRow, listeners: readonly RoleListener[]): string[] {
  const { listener, reach } = row;
  if (typeof listener === 'number') return [String(listener)];
  if (typeof listener === 'object') {
    const own = listeners.filter((one) => isOf(one, row));
    // A daemon on loopback alone is reached by nothing but its own host.
    const reached = reach === 'host' ? own : own.filter(({ address }) => !isLoopback(address));
    return [...new Set(reached.map(({ port }) => String(port)))];
  }
  const { first, last } = cluster.network.nodePortRange;
  const ports = {
    endpoint: () => [String(cluster.endpoint.port)],
    'node-ports': () => [`${first}-${last}`],
    'external-etcd': () => [...new Set((cluster.etcd.external?.endpoints ?? []).map(externalPort))],
    ssh: () => sshPorts(cluster, row.to),
    registries: () => registryPorts(cluster),
    'registry-mirrors': () => mirrorPorts(cluster),
    downloads: () => downloadPorts(cluster),
    any: () => ['any'],
  };
  return ports[listener]();
}

function externalPort(url: string): string {
  return String(parseEndpoint(url)?.port ?? 2379);
}

/** Of http and https where a URL has no port. */
const schemePorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** The ports that URLs lead to, each once. */
function urlPorts(urls: readonly string[]): string[] {
  const ports = urls.flatMap((url) => {
    const parsed = parseEndpoint(url);
    return parsed === undefined ? [] : [String(parsed.port ?? schemePorts[parsed.scheme])];
  });
  return [...new Set(ports)];
}

/** Registries with a mirror are dialled too: containerd and Docker turn to them when no mirror has an image. */
function registryPorts(cluster: Cluster): string[] {
  return urlPorts(['https://registry.k8s.io', ...usedMirrors(cluster).map(([name]) => `https://${name}`)]);
}

function mirrorPorts(cluster: Cluster): string[] {
  return urlPorts(usedMirrors(cluster).flatMap(([, mirrors]) => mirrors));
}

/** Docker knows mirrors of Docker Hub only. */
function usedMirrors(cluster: Cluster): (readonly [registry: string, mirrors: readonly string[]])[] {
  return cluster.runtime.type === 'docker'
    ? [['docker.io', dockerMirrors(cluster)]]
    : Object.entries(cluster.runtime.registryMirrors);
}

function downloadPorts({ binaries }: Cluster): string[] {
  if (binaries.source !== 'download') return [];
  return urlPorts(binaries.mirror === undefined ? downloads.map(({ url }) => url) : [binaries.mirror]);
}

function sshPorts(cluster: Cluster, to: Party): string[] {
  const hosts = isRole(to) ? hostsWithRole(cluster, to) : [];
  return [...new Set(hosts.map(({ ssh }) => String(ssh.port ?? 22)))];
}

function isOf({ daemon, what, role }: RoleListener, { listener, to }: ConnectionRow): boolean {
  const isDialled = role === to || to === 'endpoint';
  return typeof listener === 'object' && isDialled && daemon === listener.daemon && what === listener.setting;
}

/** Whether an address is reached from its own host alone. */
export function isLoopback(address: string): boolean {
  return /^127\.|^::1$|^localhost$/.test(address);
}

function connectionOf(cluster: Cluster, row: ConnectionRow, port: string): Connection {
  const { from, to, client, server, protocol, reach, why, proof = '' } = row;
  const held = certificateRows(cluster);
  const named = (name: string): NamedCertificate[] => {
    const found = held.find((one) => one.name === name);
    return found === undefined ? [] : [{ name, commonName: found.commonName, authority: found.authority }];
  };
  const [serverCertificate] = row.serverCertificate === undefined ? [] : named(row.serverCertificate);
  return {
    name: row.name,
    from,
    to,
    client,
    server,
    port,
    protocol,
    clientCertificates: row.clientCertificates.flatMap(named),
    serverCertificate,
    proof: [proof, ...missingProofs(cluster, row)].filter((text) => text !== '').join('; '),
    reach,
    why,
  };
}

/** What stands in for a certificate that hosts get only once they run. */
function missingProofs({ bootstrap }: Cluster, { clientCertificates }: ConnectionRow): string[] {
  const isMissing = clientCertificates.includes('kubelet-client') && bootstrap.method !== 'signed';
  return isMissing ? ['kubelet: a bootstrap token, then a certificate of its own'] : [];
}

function undialled(rows: readonly ConnectionRow[], listeners: readonly RoleListener[]): Connection[] {
  const isKnown = (one: RoleListener) =>
    rows.some((row) => isOf(one, row) && (row.reach === 'network' || isLoopback(one.address)));
  const left = listeners.filter((one) => !isKnown(one));
  const texts = left.map(({ role, daemon, what, port, address }): Connection => {
    const reach = isLoopback(address) ? 'host' : 'network';
    return {
      name: `${daemon} ${what}`,
      from: reach === 'host' ? role : 'clients',
      to: role,
      client: 'nobody that hardway sets up',
      server: daemon,
      port: String(port),
      protocol: 'TCP',
      clientCertificates: [],
      serverCertificate: undefined,
      proof: '',
      reach,
      why: `${what} opens it; let in only who needs it`,
    };
  });
  return [...new Map(texts.map((one) => [JSON.stringify(one), one])).values()];
}
