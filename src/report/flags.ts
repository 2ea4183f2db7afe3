/** Settings of every daemon as they were rendered: value, where it comes from, why, and its documentation. */
import { components, type FlagRow } from '../catalog/components.ts';
import { programs } from '../catalog/daemons.ts';
import {
  documentation,
  etcdDocumentation,
  inventoryKeyOfCondition,
  inventoryKeyOfFact,
} from '../catalog/documentation.ts';
import { etcdEnv } from '../catalog/paths.ts';
import { parseVersion } from '../lib/version.ts';
import type { Cluster, ComponentKey, Host } from '../model/cluster.ts';
import type { HostView } from '../verify/view.ts';
import { type HostClass, hostsText } from './classes.ts';

/** A value, and the hosts that have it. */
export interface SettingValue {
  readonly value: string;
  readonly hosts: string;
  /** Where the first of them has it: `HOST/PATH:LINE`. */
  readonly place: string;
  /** Whether each of them has a value of its own, of which the first is shown. */
  readonly isOwn: boolean;
}

export interface Setting {
  readonly name: string;
  readonly values: readonly SettingValue[];
  /** A key of the inventory, or `hardway`. */
  readonly source: string;
  /** Whether the inventory sets it by name, beside what hardway would have chosen. */
  readonly isOverridden: boolean;
  readonly why: string;
  readonly url: string;
}

export interface SettingTable {
  /** `kube-apiserver`, `KubeletConfiguration`. */
  readonly name: string;
  readonly url: string;
  readonly settings: readonly Setting[];
}

/** A setting on the host that stands for its class. */
interface Found {
  readonly table: string;
  readonly name: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
  readonly host: Host;
  readonly of: HostClass;
}

/**
 * The tables of all daemons that a cluster runs. `views` are of the hosts that stand for the classes,
 * `secretFiles` those of their files of which no value is shown.
 */
export function settingTables(
  cluster: Cluster,
  classes: readonly HostClass[],
  views: readonly HostView[],
  secretFiles: readonly ReadonlySet<string>[],
): SettingTable[] {
  const found = classes.flatMap((of, index) => {
    const view = views[index];
    const [host] = of.hosts;
    if (view === undefined || host === undefined) return [];
    return settingsOn(view).map((one) => {
      const isSecret = secretFiles[index]?.has(one.file) === true;
      return { ...one, value: isSecret ? 'REDACTED' : one.value, host, of };
    });
  });
  return tableNames.flatMap((name) => {
    const own = found.filter(({ table }) => table === name);
    if (own.length === 0) return [];
    const url = name === 'etcd' ? etcdUrl(cluster) : (documentation[name]?.url ?? '');
    const names = [...new Set(own.map((one) => one.name))];
    // Classes have no host in common.
    const runs = hostCount([...new Set(own.map(({ of }) => of))]);
    return [
      {
        name,
        url,
        settings: names.map((setting) =>
          settingOf(
            cluster,
            own.filter((one) => one.name === setting),
            url,
            runs,
          ),
        ),
      },
    ];
  });
}

const tableNames: readonly string[] = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'etcd',
  'kubelet',
  'KubeletConfiguration',
  'kube-proxy',
  'KubeProxyConfiguration',
];

/** Kinds of configuration files, with the component whose fields they hold. */
const configKinds: Readonly<Record<string, ComponentKey>> = {
  KubeletConfiguration: 'kubelet',
  KubeProxyConfiguration: 'proxy',
};

function settingsOn(view: HostView): Omit<Found, 'host' | 'of'>[] {
  const flags = view.commands.flatMap(({ component, flags }) =>
    flags.map(({ name, value, file, line }) => ({
      table: programs[component],
      name: `--${name}`,
      value,
      file,
      line,
    })),
  );
  const variables = view.etcd.map(({ name, value, line }) => ({
    table: 'etcd',
    name,
    value,
    file: etcdEnv,
    line,
  }));
  const fields = Object.keys(configKinds).flatMap((kind) =>
    view.ofKind(kind).flatMap(({ path, document }) =>
      leavesOf(document.value).map(({ steps, value }) => ({
        table: kind,
        name: steps.join('.'),
        value,
        file: path,
        line: document.lineOf(steps),
      })),
    ),
  );
  return [...flags, ...variables, ...fields];
}

/** Fields of a document with a value; a list is one value. */
function leavesOf(
  value: unknown,
  steps: readonly string[] = [],
): { steps: readonly string[]; value: string }[] {
  if (typeof value !== 'object' || value === null) return [{ steps, value: String(value) }];
  if (Array.isArray(value)) {
    const isPlain = value.every((one) => typeof one !== 'object');
    return [{ steps, value: isPlain ? value.join(',') : JSON.stringify(value) }];
  }
  const entries = Object.entries(value).filter(
    ([key]) => steps.length > 0 || !['apiVersion', 'kind'].includes(key),
  );
  return entries.flatMap(([key, child]) => leavesOf(child, [...steps, key]));
}

function settingOf(cluster: Cluster, found: readonly Found[], url: string, runs: number): Setting {
  const [first] = found;
  if (first === undefined) throw new Error('a setting without a value');
  const origin = originOf(cluster, first);
  const own = found.filter((one) => isOwnValue(cluster, one));
  const others = found.filter((one) => !own.includes(one));
  const shown = [...own.slice(0, 1), ...new Map(others.map((one) => [one.value, one])).values()];
  return {
    name: first.name,
    values: shown.map((one) => {
      const { value, host, file, line } = one;
      const isOwn = own.includes(one);
      const alike = isOwn ? own : others.filter((other) => other.value === value);
      const holders = alike.map(({ of }) => of);
      const isEverywhere = hostCount(holders) === runs;
      return {
        value,
        isOwn,
        hosts: isEverywhere
          ? ''
          : hostsText(
              holders.flatMap(({ hosts }) => hosts),
              cluster.hosts.length,
            ),
        place: `${host.name}${file}:${line}`,
      };
    }),
    source: origin.source,
    isOverridden: found.some((one) => originOf(cluster, one).isOverridden),
    why: origin.why,
    // Pages have no anchors for settings; browsers find the words (WICG, Text Fragments).
    url: `${url}${url.includes('#') ? '' : '#'}:~:text=${encodeURIComponent(wordsOf(first)).replaceAll('-', '%2D')}`,
  };
}

function hostCount(classes: readonly HostClass[]): number {
  return classes.reduce((sum, { hosts }) => sum + hosts.length, 0);
}

/** The setting as its documentation writes it. */
function wordsOf({ table, name }: Found): string {
  if (table === 'etcd')
    return `--${name
      .replace(/^ETCD_/, '')
      .toLowerCase()
      .replaceAll('_', '-')}`;
  return name.split('.').at(-1) ?? name;
}

/** Whether the hosts of its class have each another value. */
function isOwnValue(cluster: Cluster, one: Found): boolean {
  const { value } = originOf(cluster, one);
  if (value.includes('{etcdServerUrls}')) return one.host.roles.includes('etcd');
  return perHost.some((fact) => value.includes(`{${fact}}`)) || ownVariables.includes(one.name);
}

/** Facts that differ from host to host. */
const perHost = ['address', 'nodeAddresses', 'nodeName', 'nodeLabels', 'nodeTaints'];
/** Variables of etcd that do. */
const ownVariables: readonly string[] = [
  'ETCD_NAME',
  'ETCD_LISTEN_PEER_URLS',
  'ETCD_LISTEN_CLIENT_URLS',
  'ETCD_INITIAL_ADVERTISE_PEER_URLS',
  'ETCD_ADVERTISE_CLIENT_URLS',
];

/** Settings of etcd that the inventory decides. */
const etcdKeys: Readonly<Record<string, string>> = {
  ETCD_NAME: 'hosts[].name',
  ETCD_DATA_DIR: 'etcd.dataDir',
  ETCD_INITIAL_CLUSTER: 'hosts[].address',
  ETCD_INITIAL_CLUSTER_TOKEN: 'etcd.clusterToken',
};

interface Origin {
  readonly source: string;
  readonly isOverridden: boolean;
  readonly why: string;
  /** The value as the catalog writes it. */
  readonly value: string;
}

function originOf({ etcd }: Cluster, { table, name, host }: Found): Origin {
  const config = configKinds[table];
  if (table === 'etcd') {
    const isAddress = ownVariables.includes(name) && name !== 'ETCD_NAME';
    const source = isAddress ? 'hosts[].address' : etcdKeys[name];
    const isOverridden = Object.hasOwn(etcd.env, name);
    return { source: isOverridden ? 'etcd.env' : (source ?? 'hardway'), isOverridden, why: '', value: '' };
  }
  if (config !== undefined) {
    const [top = ''] = name.split('.');
    const isOverridden = Object.hasOwn(host.components[config].config, top);
    const source = isOverridden ? `components.${config}.config` : 'hardway';
    return { source, isOverridden, why: '', value: '' };
  }
  const component = components.find((one) => one.name === table);
  const flag = name.replace(/^--/, '');
  const row = component?.flags.find((one) => one.flag === flag);
  if (component !== undefined && Object.hasOwn(host.components[component.key].args, flag))
    return {
      source: `components.${component.key}.args`,
      isOverridden: true,
      why: row?.why ?? '',
      value: '',
    };
  return {
    source: row === undefined ? 'hardway' : sourceOf(row),
    isOverridden: false,
    why: row?.why ?? row?.staysDeprecated ?? '',
    value: row?.value ?? '',
  };
}

function sourceOf({ value, when }: FlagRow): string {
  const facts = [...value.matchAll(/\{(\w+)\}/g)].flatMap(([, fact = '']) => inventoryKeyOfFact[fact] ?? []);
  const condition = when === undefined ? undefined : inventoryKeyOfCondition[when];
  return [...new Set([...facts, ...(condition === undefined ? [] : [condition])])].join(', ') || 'hardway';
}

function etcdUrl({ etcd }: Cluster): string {
  return etcdDocumentation(parseVersion(etcd.version)?.minor ?? '3.5');
}
