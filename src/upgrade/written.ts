/** What the inventory says that the next version does not take: the rules at both versions, compared. */
import {
  type ConfigurableKey,
  configFieldsOf,
  configurableKeys,
  isAccepted,
  isDeprecated,
  knownAdmissionPlugins,
  knownEtcdFlags,
} from '../catalog/flags/flags.ts';
import { removedValues, successors } from '../catalog/upgrades/successors.ts';
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts';
import { diagnosticsToJson } from '../diagnostics/format.ts';
import type { LoadedAt } from '../inventory/load.ts';
import { compareMinors, parseVersion } from '../lib/version.ts';
import { type Cluster, componentKeys, type Host } from '../model/cluster.ts';
import type { Place, UpgradeItem } from './item.ts';
import { namesShort } from './names.ts';

/** Items for what is written in the inventory and means trouble only from the later version on. */
export function writtenItems(before: LoadedAt, after: LoadedAt, source: Source): UpgradeItem[] {
  const known = new Set(before.diagnostics.map(identityOf));
  const fresh = after.diagnostics.filter((one) => !known.has(identityOf(one)));
  const reported = new Set(fresh.map(({ path }) => String(path.at(-1))));
  const derived = [
    ...valueItems(before.cluster, after.cluster),
    ...pluginItems(before.cluster, after.cluster),
    ...fieldItems(before.cluster, after.cluster),
    ...etcdVariableItems(before.cluster, after.cluster),
  ].filter(({ name }) => !reported.has(name));
  return [...merge(fresh, source), ...derived.map(({ item }) => item)];
}

/** The same trouble at both versions; the message may name the version, hence does not count. */
function identityOf({ code, severity, path }: Diagnostic): string {
  return JSON.stringify([code, severity, path]);
}

/** One item for what is wrong in the same way at several places. */
function merge(diagnostics: readonly Diagnostic[], source: Source): UpgradeItem[] {
  const items = new Map<string, UpgradeItem & { readonly places: Place[] }>();
  for (const diagnostic of diagnostics) {
    const [json] = diagnosticsToJson(source, [diagnostic]);
    if (json === undefined) continue;
    const { line, column, path, message } = json;
    const item = items.get(message) ?? {
      kind: diagnostic.severity === 'error' ? ('blocks' as const) : ('check' as const),
      subject: 'inventory',
      message,
      ...fixOf(diagnostic),
      places: [],
    };
    item.places.push({ line, column, path });
    items.set(message, item);
  }
  return [...items.values()];
}

/** The fix of the rule, or better the successor where the table has one. */
function fixOf({ code, path, fix }: Diagnostic): { readonly fix?: string } {
  const [component, part, name] = path.slice(-3).map(String);
  const key = componentKeys.find((one) => one === component);
  const successor = part === 'args' && key !== undefined ? successors[key][name ?? ''] : undefined;
  if (successor !== undefined && code === 'flag-version') return { fix: `delete it; ${successor}` };
  if (successor !== undefined && code === 'flag-deprecated') return { fix: successor };
  return fix === undefined ? {} : { fix };
}

/** An item, and the last key of its path in the inventory: a rule that reports the same key goes before it. */
interface Derived {
  readonly name: string;
  readonly item: UpgradeItem;
}

/** Flags of the inventory with a value that the later minor no longer takes. */
function valueItems(before: Cluster, after: Cluster): Derived[] {
  const rows = removedValues.filter((row) => isCrossed(row.from, before, after));
  return rows.flatMap((row) =>
    row.components.flatMap((key) =>
      eachSetting(after, (host) => host.components[key].args[row.flag])
        .filter(({ value }) => row.isRemoved(value))
        .map(({ value, hosts }) => ({
          name: row.flag,
          item: {
            kind: 'blocks' as const,
            subject: 'inventory',
            message: `components.${key}.args.${row.flag}: ${value} is no longer a value from ${row.from} on${hosts}; the component does not start`,
            fix: row.instead,
          },
        })),
    ),
  );
}

const pluginFlags = ['enable-admission-plugins', 'disable-admission-plugins'] as const;

/** Admission plugins that the inventory names and the later minor does not have: kube-apiserver would not start. */
function pluginItems(before: Cluster, after: Cluster): Derived[] {
  const [from, to] = [before.kubernetes.minor, after.kubernetes.minor];
  const isGone = (plugin: string) => {
    const row = Object.hasOwn(knownAdmissionPlugins, plugin) ? knownAdmissionPlugins[plugin] : undefined;
    return row !== undefined && isAccepted(row, from) && !isAccepted(row, to);
  };
  return pluginFlags.flatMap((flag) =>
    eachSetting(after, (host) => host.components.apiserver.args[flag]).flatMap(({ value, hosts }) =>
      value
        .split(',')
        .filter(isGone)
        .map((plugin) => ({
          name: flag,
          item: {
            kind: 'blocks' as const,
            subject: 'inventory',
            message: `kube-apiserver ${to} has no admission plugin ${plugin}, which ${flag} names${hosts}; it does not start`,
            fix: `take ${plugin} out of components.apiserver.args.${flag}`,
          },
        })),
    ),
  );
}

/** Fields of configuration files that the inventory sets and the later minor calls deprecated. */
function fieldItems(before: Cluster, after: Cluster): Derived[] {
  const [from, to] = [before.kubernetes.minor, after.kubernetes.minor];
  const isNewlyDeprecated = (key: ConfigurableKey, name: string) => {
    const fields = configFieldsOf(key);
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return (
      field !== undefined && isDeprecated(field, to) && !isDeprecated(field, from) && isAccepted(field, to)
    );
  };
  return configurableKeys.flatMap((key) => {
    const names = new Set(after.hosts.flatMap((host) => Object.keys(host.components[key].config)));
    return [...names]
      .filter((name) => isNewlyDeprecated(key, name))
      .map((name) => ({
        name,
        item: {
          kind: 'check' as const,
          subject: 'inventory',
          message: `components.${key}.config.${name} is deprecated from ${to} on`,
          fix: 'delete it where its default will do',
        },
      }));
  });
}

/** Variables of etcd that the inventory sets and the later etcd does not read: it warns and goes on without. */
function etcdVariableItems(before: Cluster, after: Cluster): Derived[] {
  const [from, to] = [before, after].map(({ etcd }) => parseVersion(etcd.version)?.minor);
  if (from === undefined || to === undefined) return [];
  const flagOf = (variable: string) =>
    Object.entries(knownEtcdFlags).find(
      ([flag]) => `ETCD_${flag.toUpperCase().replaceAll('-', '_')}` === variable,
    )?.[1];
  return Object.keys(after.etcd.env).flatMap((name) => {
    const flag = flagOf(name);
    if (flag === undefined || !isAccepted(flag, from) || isAccepted(flag, to)) return [];
    return [
      {
        name,
        item: {
          kind: 'check' as const,
          subject: 'inventory',
          message: `etcd.env.${name}: etcd ${to} no longer reads it`,
          fix: 'delete the line, or look for its successor in the upgrade guide of etcd',
        },
      },
    ];
  });
}

function isCrossed(minor: string, before: Cluster, after: Cluster): boolean {
  return (
    compareMinors(before.kubernetes.minor, minor) < 0 && compareMinors(after.kubernetes.minor, minor) >= 0
  );
}

/** The different values of a setting, each with the hosts that have it where not all do. */
function eachSetting(
  { hosts }: Cluster,
  read: (host: Host) => string | null | undefined,
): { readonly value: string; readonly hosts: string }[] {
  const byValue = new Map<string, string[]>();
  for (const host of hosts) {
    const value = read(host) ?? undefined;
    if (value !== undefined) byValue.set(value, [...(byValue.get(value) ?? []), host.name]);
  }
  return [...byValue].map(([value, names]) => ({
    value,
    hosts: names.length === hosts.length ? '' : ` (${namesShort(names)})`,
  }));
}
