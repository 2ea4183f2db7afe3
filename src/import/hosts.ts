/** The hosts of an inventory: name, addresses and roles of each. */
import { parseAddress } from '../lib/ip.ts';
import type { Role } from '../model/cluster.ts';
import type { TreeHost } from '../tree/host.ts';
import { itemsAt, textAt } from '../verify/read-yaml.ts';
import type { HostView } from '../verify/view.ts';
import { type Entry, unknownMark } from './draft.ts';
import { componentFlag, field, type Place, placeText, type Said, saidByFlag } from './stated.ts';

/** A host label out of what a folder or a file calls the host. */
export function labelOf(name: string): string {
  const [first = ''] =
    parseAddress(name) === undefined ? name.toLowerCase().split('.') : [name.replace(/[.:]+/g, '-')];
  return first.replace(/[^a-z0-9-]+/g, '-').replace(/^-+|-+$/g, '') || 'host';
}

/** Where a host says its own addresses, the surest first. */
const addressSources: readonly ((host: HostView) => Said<string>[])[] = [
  (host) => componentFlag(host, 'kubelet', 'node-ip'),
  (host) => componentFlag(host, 'apiserver', 'advertise-address'),
  (host) => urlHosts(saidByFlag(host, host.etcdFlag('listen-peer-urls'))),
  (host) => urlHosts(saidByFlag(host, host.etcdFlag('initial-advertise-peer-urls'))),
  (host) => componentFlag(host, 'apiserver', 'bind-address'),
  (host) => componentFlag(host, 'kubelet', 'address'),
  (host) => field(host, 'KubeletConfiguration', 'address'),
  (host) => field(host, 'KubeProxyConfiguration', 'bindAddress'),
  hostsFileAddress,
];

function urlHosts(said: readonly Said<string>[]): Said<string>[] {
  return said.map(({ value, place }) => ({
    place,
    value: value
      .split(',')
      .flatMap(
        (url) =>
          /^https?:\/\/(?:\[([^\]]+)\]|([^:/]+))/
            .exec(url)
            ?.slice(1)
            .find((one) => one !== undefined) ?? [],
      )
      .join(','),
  }));
}

/** A line of /etc/hosts that has a name of the host. */
function hostsFileAddress(host: HostView): Said<string>[] {
  const lines = (host.text('/etc/hosts') ?? '').split('\n');
  return lines.flatMap((line, index) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const isOwn = names.some((name) => host.bundle.names.includes(name));
    return isOwn ? [{ value: address, place: { host: host.name, file: '/etc/hosts', line: index + 1 } }] : [];
  });
}

/** Addresses by which others may reach a host: the first source that has any. */
export function addressesOf(host: HostView): Said<readonly string[]> | undefined {
  for (const source of addressSources) {
    for (const { value, place } of source(host)) {
      const addresses = value.split(',').flatMap((one) => parseAddress(one.trim())?.text ?? []);
      const usable = addresses.filter((one) => !/^(?:127\.|0\.0\.0\.0$|::1?$)/.test(one));
      if (usable.length > 0) return { value: [...new Set(usable)], place };
    }
  }
  return undefined;
}

/** The domain of a host: of its whole name in /etc/hostname, in a manifest, or in /etc/hosts. */
export function domainOf({ view, hostname, found }: TreeHost, label: string): Said<string>[] {
  const at = (file: string, line: number | undefined, name: string): Said<string>[] => {
    const [first, ...rest] = name.toLowerCase().split('.');
    if (first !== label || rest.length === 0) return [];
    return [{ value: rest.join('.'), place: { host: view.name, file, line } }];
  };
  const stated = /^fqdn ([^-\s]\S*)$/m.exec(found.manifest ?? '')?.[1];
  if (stated !== undefined) return at('manifest', undefined, stated);
  if (hostname?.includes('.') === true) return at('/etc/hostname', 1, hostname);
  const lines = (view.text('/etc/hosts') ?? '').split('\n');
  return lines
    .flatMap((line, index) =>
      line
        .replace(/#.*/, '')
        .split(/\s+/)
        .slice(1)
        .flatMap((name) => at('/etc/hosts', index + 1, name)),
    )
    .slice(0, 1);
}

/** Architectures by e_machine of an ELF header (elf.h). */
const machines: Readonly<Record<number, string>> = { 62: 'amd64', 183: 'arm64' };

export interface DraftHost {
  readonly tree: TreeHost;
  readonly label: string;
  readonly roles: readonly Role[];
  readonly addresses: Said<readonly string[]> | undefined;
}

/** The entries of one host. */
export function hostEntries({ tree, label, roles, addresses }: DraftHost, index: number): Entry[] {
  const at = (key: string) => ['hosts', index, key];
  const { view, starts } = tree;
  const address: Entry =
    addresses === undefined
      ? {
          path: at('address'),
          value: unknownMark,
          comment: 'not told by its files: the address at which other hosts reach it',
          // An address of documentation (RFC 5737), so that the rest can be worked out.
          meanwhile: `198.51.100.${index + 1}`,
        }
      : addresses.value.length > 1
        ? { path: at('addresses'), value: addresses.value, comment: placeText(addresses.place) }
        : { path: at('address'), value: addresses.value[0], comment: placeText(addresses.place) };
  const programs = starts.map(({ program, kind }) =>
    kind === 'assumed' ? `${program} (by its files)` : program,
  );
  return [
    { path: at('name'), value: label, comment: view.name === label ? '' : `called ${view.name}` },
    address,
    {
      path: at('roles'),
      value: roles,
      comment: [
        ...(programs.length === 0 ? [] : [`runs ${programs.join(', ')}`]),
        ...(roles.includes('load-balancer') ? [balancerText(view)] : []),
      ].join('; '),
    },
    ...archEntries(tree, index),
    ...labelEntries(view, index),
    ...taintEntries(view, index),
  ];
}

function balancerText({ bundle }: HostView): string {
  const files = bundle.files
    .map(({ path }) => path)
    .filter((path) => /\/(?:haproxy\.cfg|keepalived\.conf)$/.test(path));
  return `has ${files.join(', ')}`;
}

function archEntries({ tree, starts }: TreeHost, index: number): Entry[] {
  for (const { executable } of starts) {
    const { path } = executable;
    const machine = path === undefined ? undefined : tree.searched(path, /^\x7fELF[\s\S]{14}([\s\S]{2})/);
    const arch =
      machine === undefined ? undefined : machines[machine.charCodeAt(0) | (machine.charCodeAt(1) << 8)];
    if (arch !== undefined && arch !== 'amd64')
      return [{ path: ['hosts', index, 'arch'], value: arch, comment: path ?? '' }];
  }
  return [];
}

function labelEntries(host: HostView, index: number): Entry[] {
  const [said] = componentFlag(host, 'kubelet', 'node-labels');
  if (said === undefined) return [];
  return said.value.split(',').flatMap((pair) => {
    const [, key, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    if (key === undefined) return [];
    return [{ path: ['hosts', index, 'labels', key], value: value ?? '', comment: placeText(said.place) }];
  });
}

function taintEntries(host: HostView, index: number): Entry[] {
  const [said] = componentFlag(host, 'kubelet', 'register-with-taints');
  if (said !== undefined)
    return [
      { path: ['hosts', index, 'taints'], value: said.value.split(','), comment: placeText(said.place) },
    ];
  return host.ofKind('KubeletConfiguration').flatMap(({ path, document }): Entry[] => {
    const taints = itemsAt(document.value, 'registerWithTaints').flatMap((taint) => {
      const [key, value, effect] = ['key', 'value', 'effect'].map((name) => textAt(taint, name));
      return key === undefined || effect === undefined ? [] : [`${key}${value ? `=${value}` : ''}:${effect}`];
    });
    const place: Place = { host: host.name, file: path, line: document.lineOf(['registerWithTaints']) };
    return taints.length === 0
      ? []
      : [{ path: ['hosts', index, 'taints'], value: taints, comment: placeText(place) }];
  });
}
