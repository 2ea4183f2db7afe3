/**
 * A first inventory of an existing cluster: views of its hosts in, the text of an inventory and what a
 * person has to decide out. What files do not tell is marked, never guessed; secrets are never in it.
 */
import { maskUrls } from '../diagnostics/visible.ts';
import { nthAddress, parseAddress, parseCidr } from '../lib/ip.ts';
import type { TreeCluster } from '../tree/cluster.ts';
import type { HostView } from '../verify/view.ts';
import type { Difference } from './differences.ts';
import { type Entry, inventoryText, provisional, unknownMark, withoutCredentials } from './draft.ts';
import { endpointEntries } from './endpoint.ts';
import { type FactRow, factRows } from './facts.ts';
import { addressesOf, type DraftHost, domainOf, hostEntries, labelOf } from './hosts.ts';
import { type Agreed, agreed, placeText, type Said } from './stated.ts';

export interface Draft {
  readonly entries: readonly Entry[];
  readonly hosts: readonly DraftHost[];
  /** Several hosts, and what each says: `network.serviceCIDR: 10.0.0.0/16 (m1:…), …`. */
  readonly conflicts: readonly string[];
}

/** All that hosts say of a cluster, but for flags and fields of components. */
export function draftOf(cluster: TreeCluster): Draft {
  const hosts = hostsOf(cluster);
  const conflicts: string[] = [];
  const minor = cluster.version.minor;
  const rows = factRows.flatMap((row) => {
    const told = agreed(cluster.view.hosts.flatMap((host) => row.said(host, cluster)));
    return factEntry(row, told, minor, conflicts);
  });
  const domain = agreed(hosts.flatMap(({ tree, label }) => domainOf(tree, label)));
  const entries: Entry[] = [
    ...simpleEntry(['cluster', 'domain'], domain, conflicts),
    versionEntry(cluster),
    ...rows,
    ...endpointEntries(cluster, hosts, conflicts),
    ...externalEtcd(cluster),
    ...addonEntries(cluster),
    ...hosts.flatMap(hostEntries),
  ];
  return {
    hosts,
    conflicts: conflicts.map(maskUrls),
    entries: withoutDefaultDNS(inOrder(entries)).map(withoutCredentials),
  };
}

function hostsOf({ hosts }: TreeCluster): DraftHost[] {
  const found = hosts.flatMap((tree): DraftHost[] => {
    // A distribution's own file balances nothing of a cluster.
    const isBalancer = /kube|k8s|6443/.test(tree.view.text('/etc/haproxy/haproxy.cfg') ?? '');
    const roles = [...tree.view.bundle.roles, ...(isBalancer ? (['load-balancer'] as const) : [])];
    if (roles.length === 0) return [];
    return [
      {
        tree,
        label: labelOf(tree.view.name),
        roles,
        addresses: statedAddresses(tree.found.manifest, tree.view),
      },
    ];
  });
  return found.sort((left, right) => rankOf(left) - rankOf(right));
}

/** Control planes and members of etcd first, balancers last; else by name. */
function rankOf({ roles }: DraftHost): number {
  if (roles.some((role) => role === 'control-plane' || role === 'etcd')) return 0;
  return roles.includes('worker') ? 1 : 2;
}

/** The manifest of a bundle says a host's addresses. */
function statedAddresses(manifest: string | undefined, view: HostView): Said<readonly string[]> | undefined {
  const stated = [...(manifest ?? '').matchAll(/^address (\S+)$/gm)].map(([, address = '']) => address);
  return stated.length === 0
    ? addressesOf(view)
    : { value: stated, place: { host: view.name, file: 'manifest', line: undefined } };
}

function versionEntry({ version }: TreeCluster): Entry {
  const path = ['kubernetes', 'version'];
  const { place } = version;
  if (version.isAssumed)
    return {
      path,
      value: unknownMark,
      comment: `not told by any image or program; all flags in use exist in ${version.minor}`,
      meanwhile: version.version,
    };
  return {
    path,
    value: version.version,
    comment: place === undefined ? version.how : `${version.how}, ${placeText(place)}`,
  };
}

function factEntry(row: FactRow, told: Agreed<unknown>, minor: string, conflicts: string[]): Entry[] {
  if (told.kind === 'told' && row.isDefault?.(told.value, minor) === true) return [];
  if (told.kind !== 'untold') return simpleEntry(row.path, told, conflicts);
  const { untold } = row;
  return untold === undefined ? [] : [{ path: row.path, ...untold }];
}

function simpleEntry(path: readonly string[], told: Agreed<unknown>, conflicts: string[]): Entry[] {
  if (told.kind === 'untold') return [];
  if (told.kind === 'told') return [{ path, value: told.value, comment: placeText(told.place) }];
  const said = told.said.map(({ value, place }) => `${textOf(value)} (${placeText(place)})`).join(', ');
  conflicts.push(`${path.join('.')}: ${said}`);
  return [{ path, value: unknownMark, comment: `hosts differ: ${said}`, meanwhile: told.said[0]?.value }];
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** An etcd that none of the hosts runs is kept by others. */
function externalEtcd({ view }: TreeCluster): Entry[] {
  if (view.withRole('etcd').length > 0) return [];
  for (const host of view.hosts) {
    const servers = host.command('apiserver')?.flag('etcd-servers');
    if (servers === undefined) continue;
    const place = placeText({ host: host.name, file: servers.file, line: servers.line });
    const files = [
      ['caFile', 'etcd-cafile'],
      ['certFile', 'etcd-certfile'],
      ['keyFile', 'etcd-keyfile'],
    ] as const;
    return [
      { path: ['etcd', 'external', 'endpoints'], value: servers.value.split(','), comment: place },
      ...files.map(([key, name]) => ({
        path: ['etcd', 'external', key],
        value: unknownMark,
        comment: `a copy on this machine of ${host.command('apiserver')?.flag(name)?.value ?? 'what its keepers give to clients'}`,
        meanwhile: `etcd-${key}.pem`,
      })),
    ];
  }
  return [];
}

/** What runs in the cluster stays: addons are taken over only where hardway has applied them. */
function addonEntries({ view }: TreeCluster): Entry[] {
  const applied = view.hosts.flatMap(({ bundle }) =>
    bundle.files.map(({ path }) => path).filter((path) => path.startsWith('/etc/kubernetes/addons/')),
  );
  return (['coredns', 'flannel'] as const).flatMap((name) => {
    if (applied.some((path) => path.includes(name))) return [];
    const comment = 'not told by files of hosts; what runs in the cluster stays as it is';
    return [
      {
        path: ['addons', name],
        value: false,
        comment: applied.length > 0 ? 'not among the addons of the bundles' : comment,
      },
    ];
  });
}

const sections = [
  'cluster',
  'kubernetes',
  'network',
  'endpoint',
  'etcd',
  'pki',
  'bootstrap',
  'runtime',
  'security',
  'components',
  'binaries',
  'addons',
  'hosts',
];

/** Sections in the order of the documentation. */
export function inOrder(entries: readonly Entry[]): Entry[] {
  const place = ({ path }: Entry) => sections.indexOf(String(path[0]));
  return [...entries].sort((left, right) => place(left) - place(right));
}

/** Address 10 of the services is where cluster DNS is anyway. */
function withoutDefaultDNS(entries: readonly Entry[]): Entry[] {
  const at = (key: string) => entries.find(({ path }) => path.join('.') === `network.${key}`)?.value;
  const tenth = [at('serviceCIDR')].flat().flatMap((text) => {
    const cidr = parseCidr(String(text))?.cidr;
    return cidr === undefined ? [] : (nthAddress(cidr, 10)?.text ?? []);
  });
  const stated = [at('clusterDNS')].flat().map((text) => parseAddress(String(text))?.text);
  if (tenth.join() !== stated.join()) return [...entries];
  return entries.filter(({ path }) => path.join('.') !== 'network.clusterDNS');
}

/** Entries for what components are told: for all hosts where all that run one say the same, else for each. */
export function componentEntries(draft: Draft, found: readonly (readonly Difference[])[]): Entry[] {
  const all = found.flatMap((differences, index) =>
    differences.map((difference) => ({ ...difference, index })),
  );
  const groups = new Map<string, typeof all>();
  for (const one of all) {
    const key = JSON.stringify([one.component, one.kind, one.steps]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group): Entry[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { component } = first;
    const runners = draft.hosts.filter(({ tree, roles }) =>
      component === undefined ? roles.includes('etcd') : tree.view.command(component) !== undefined,
    );
    const isShared =
      group.length === runners.length &&
      group.every(({ value }) => JSON.stringify(value) === JSON.stringify(first.value));
    const pathOf = ({ component: key, kind, steps }: Difference) =>
      key === undefined ? ['etcd', kind, ...steps] : ['components', key, kind, ...steps];
    const entryOf = (one: Difference, prefix: readonly (string | number)[]): Entry => ({
      path: [...prefix, ...pathOf(one)],
      value: one.value,
      comment: placeText(one.place),
    });
    // Variables of etcd are for all members: there is no place for those of one.
    return isShared || component === undefined
      ? [entryOf(first, [])]
      : group.map((one) => entryOf(one, ['hosts', one.index]));
  });
}

/** The text of the whole inventory. */
export function textOfDraft(entries: readonly Entry[], { hosts }: Draft): string {
  const marks = entries.filter(({ value }) => value === unknownMark).length;
  return inventoryText(inOrder(entries), [
    `A first inventory of an existing cluster of ${hosts.length === 1 ? 'one host' : `${hosts.length} hosts`}. Comments say where a value was read.`,
    ...(marks === 0
      ? []
      : [`"${unknownMark}" is what no file tells: hardway validate points at each of them.`]),
  ]);
}

/** The inventory to work with while marks are open. */
export function workingText(entries: readonly Entry[]): string {
  return provisional(inOrder(entries));
}
