/** The firewall's view of the connections: one row for each pair of groups, port and protocol, with all its reasons. */

import type { Party, Protocol } from '../catalog/connections.ts';
import { endpointModeRows } from '../catalog/endpoint-modes.ts';
import { type Cluster, hostsWithRole } from '../model/cluster.ts';
import { type Connection, isRole } from './connections.ts';

export interface PortRow {
  readonly from: Party;
  readonly to: Party;
  readonly port: string;
  readonly protocol: Protocol;
  readonly reach: 'network' | 'host';
  /** What listens, and why: one of each for every connection that uses the port. */
  readonly uses: readonly { readonly client: string; readonly server: string; readonly why: string }[];
}

/** Rows between hosts first, those that stay on a host last; each pair of groups and port once. */
export function portRows(cluster: Cluster, connections: readonly Connection[]): PortRow[] {
  const rows = new Map<string, PortRow>();
  for (const connection of connections) {
    const from = standIn(cluster, connection.from);
    const to = standIn(cluster, connection.to);
    // The endpoint is the very host that it leads to.
    if (connection.from === 'endpoint' && from === to) continue;
    const { port, protocol, reach, client, server, why } = connection;
    const key = [from, to, port, protocol, reach].join(' ');
    const uses = [...(rows.get(key)?.uses ?? []), { client, server, why }];
    rows.set(key, { from, to, port, protocol, reach, uses });
  }
  return [...rows.values()].sort(
    (left, right) => Number(left.reach === 'host') - Number(right.reach === 'host'),
  );
}

/** Who is behind the endpoint: the hosts that answer at it, or whoever keeps it. */
function standIn({ endpoint }: Cluster, party: Party): Party {
  if (party !== 'endpoint') return party;
  if (endpoint.mode === 'external') return 'endpoint';
  return endpointModeRows[endpoint.mode].floatsOn ?? 'control-plane';
}

/** The addresses of a group, for the rules of a firewall; empty where others know them. */
export function addressesOf(cluster: Cluster, party: Party): string[] {
  if (!isRole(party)) return [];
  return hostsWithRole(cluster, party).flatMap(({ addresses }) => addresses.map(({ text }) => text));
}
