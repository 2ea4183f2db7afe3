/**
 * Values of the inventory that the later minor does not take, and that no rule of an
 * inventory looks at: admission plugins, values of flags, deprecated fields, variables of etcd.
 */
import {
  configFieldsOf,
  configurableKeys,
  isAccepted,
  isDeprecated,
  knownAdmissionPlugins,
  knownEtcdFlags,
  type Lifetime,
} from '../catalog/flags/flags.ts';
import { removedValues } from '../catalog/upgrades/successors.ts';
import type { LoadedAt } from '../inventory/load.ts';
import type { Problem } from '../inventory/problem.ts';
import { componentSettings } from '../inventory/rules/components.ts';
import { compareMinors, parseVersion } from '../lib/version.ts';

/** What is right at the earlier version and not at the later one. */
export function goneProblems(before: LoadedAt, after: LoadedAt): Problem[] {
  const minors = { from: before.cluster.kubernetes.minor, to: after.cluster.kubernetes.minor };
  return [
    ...valueProblems(after, minors),
    ...pluginProblems(after, minors),
    ...fieldProblems(after, minors),
    ...etcdVariableProblems(before, after),
  ];
}

interface Minors {
  readonly from: string;
  readonly to: string;
}

/** The row of a table, which a name such as `constructor` must not find. */
function lookUp<Row>(table: Readonly<Record<string, Row>>, name: string): Row | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function isLost(row: Lifetime | undefined, { from, to }: Minors): boolean {
  return row !== undefined && isAccepted(row, from) && !isAccepted(row, to);
}

/** Flags with a value that the later minor no longer takes. */
function* valueProblems({ context }: LoadedAt, { from, to }: Minors): Iterable<Problem> {
  const rows = removedValues.filter(
    (row) => compareMinors(from, row.from) < 0 && compareMinors(to, row.from) >= 0,
  );
  for (const { path, components } of componentSettings(context)) {
    for (const row of rows) {
      for (const key of row.components) {
        const value = components[key]?.args?.[row.flag] ?? undefined;
        if (value === undefined || !row.isRemoved(value)) continue;
        yield {
          code: 'version-mismatch',
          path: [...path, key, 'args', row.flag],
          message: `from ${row.from} on --${row.flag} does not take ${value}; the component does not start`,
          fix: row.instead,
        };
      }
    }
  }
}

const pluginFlags = ['enable-admission-plugins', 'disable-admission-plugins'] as const;

/** Admission plugins that the later minor does not have: kube-apiserver would not start. */
function* pluginProblems({ context }: LoadedAt, minors: Minors): Iterable<Problem> {
  for (const { path, components } of componentSettings(context)) {
    for (const flag of pluginFlags) {
      const plugins = components.apiserver?.args?.[flag]?.split(',') ?? [];
      for (const plugin of plugins.filter((name) => isLost(lookUp(knownAdmissionPlugins, name), minors))) {
        yield {
          code: 'version-mismatch',
          path: [...path, 'apiserver', 'args', flag],
          message: `kube-apiserver ${minors.to} has no admission plugin ${plugin}; it does not start with it`,
          fix: `take ${plugin} out of the list`,
        };
      }
    }
  }
}

/** Fields of configuration files that the later minor calls deprecated. */
function* fieldProblems({ context }: LoadedAt, { from, to }: Minors): Iterable<Problem> {
  for (const { path, components } of componentSettings(context)) {
    for (const key of configurableKeys) {
      for (const name of Object.keys(components[key]?.config ?? {})) {
        const field = lookUp(configFieldsOf(key), name);
        if (field === undefined || !isDeprecated(field, to) || isDeprecated(field, from)) continue;
        yield {
          code: 'flag-deprecated',
          severity: 'warning',
          path: [...path, key, 'config', name],
          atKey: true,
          message: `the field ${name} is deprecated from ${field.deprecated} on`,
          fix: 'delete it where its default will do',
        };
      }
    }
  }
}

/** Variables that the later etcd does not read: it warns and goes on without them. */
function* etcdVariableProblems(before: LoadedAt, after: LoadedAt): Iterable<Problem> {
  const [from, to] = [before, after].map(({ cluster }) => parseVersion(cluster.etcd.version)?.minor);
  if (from === undefined || to === undefined) return;
  for (const name of Object.keys(after.cluster.etcd.env)) {
    if (!isLost(etcdFlagOf(name), { from, to })) continue;
    yield {
      code: 'version-mismatch',
      severity: 'warning',
      path: ['etcd', 'env', name],
      atKey: true,
      message: `etcd ${to} does not read ${name} any more`,
      fix: "delete the line, or look for its successor in etcd's upgrade guide",
    };
  }
}

function etcdFlagOf(variable: string): Lifetime | undefined {
  const [, name] = /^ETCD_([A-Z0-9_]+)$/.exec(variable) ?? [];
  return name === undefined ? undefined : lookUp(knownEtcdFlags, name.toLowerCase().replaceAll('_', '-'));
}
