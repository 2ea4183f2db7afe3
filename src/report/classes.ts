/**
 * Hosts that settings do not tell apart: what is true of the settings of one is true of all of its
 * class. Names, addresses, labels, taints and keys differ within a class.
 */
import type { Cluster, Host } from '../model/cluster.ts';

export interface HostClass {
  /** Index of the host that stands for the others. */
  readonly first: number;
  readonly hosts: readonly Host[];
}

/** The classes of a cluster's hosts, in the order of their first hosts. */
export function hostClasses({ hosts, audit: { waivers } }: Cluster): HostClass[] {
  const classes = new Map<string, { first: number; hosts: Host[] }>();
  for (const [index, host] of hosts.entries()) {
    const waived = waivers.flatMap((waiver, at) => (waiver.hosts.includes(host.name) ? [at] : []));
    const families = host.addresses.map(({ family }) => family);
    const key = JSON.stringify([host.roles, families, settingsOf(host), waived]);
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { first: index, hosts: [host] });
    else known.hosts.push(host);
  }
  return [...classes.values()];
}

/** Settings of components; nothing where there are none, as on most of many hosts. */
function settingsOf({ components }: Host): Host['components'] | undefined {
  const isEmpty = (record: object) => Object.keys(record).length === 0;
  const hasNone = Object.values(components).every(({ args, config }) => isEmpty(args) && isEmpty(config));
  return hasNone ? undefined : components;
}

/** `m1, m2 and m3`, or the first ones and how many more there are. */
export function hostsText(hosts: readonly Host[], all: number, most = 4): string {
  if (hosts.length === all) return all === 1 ? (hosts[0]?.name ?? '') : `all ${all} hosts`;
  const names = hosts.slice(0, most).map(({ name }) => name);
  return hosts.length <= most
    ? names.join(', ')
    : `${names.slice(0, 2).join(', ')} and ${hosts.length - 2} more`;
}
