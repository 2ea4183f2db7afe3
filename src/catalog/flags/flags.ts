/**
 * What each binary accepts: flags, fields of its configuration file and feature
 * gates, by Kubernetes minor. README.md beside this file says where the tables
 * come from.
 */
import { compareMinors } from '../../lib/version.ts';
import type { ComponentKey } from '../../model/cluster.ts';
import admissionPlugins from './admission-plugins.json' with { type: 'json' };
import configFields from './config-fields.json' with { type: 'json' };
import etcdFlags from './etcd-flags.json' with { type: 'json' };
import featureGates from './feature-gates.json' with { type: 'json' };
import flags from './flags.json' with { type: 'json' };
import replacements from './replacements.json' with { type: 'json' };

/** One flag or field: accepted by a minor when `since <= minor < removed`. */
export interface Option extends Lifetime {
  /** The word that `--help` prints for a flag, the Go type of a field. */
  readonly type: string;
  /** A kubelet flag that mirrors a field of its configuration file. */
  readonly configFile?: boolean;
}

export type Options = Readonly<Record<string, Option>>;

/** Components that have a configuration file of their own. */
export const configurableKeys = ['kubelet', 'proxy'] as const;
export type ConfigurableKey = (typeof configurableKeys)[number];

/** Every flag of a component, of any minor. */
export function flagsOf(component: ComponentKey): Options {
  return flags[component];
}

const flagNames = new Map<string, readonly string[]>();

/** The names of the flags that a minor has, or of all; found once, since hints for mistyped flags ask often. */
export function flagNamesOf(component: ComponentKey, minor: string | undefined): readonly string[] {
  const id = `${component} ${minor}`;
  const known = flagNames.get(id);
  if (known !== undefined) return known;
  const all = Object.entries(flagsOf(component));
  const names = all
    .filter(([, flag]) => minor === undefined || isAccepted(flag, minor))
    .map(([name]) => name);
  flagNames.set(id, names);
  return names;
}

/** Every top-level field of a component's configuration file, of any minor. */
export function configFieldsOf(component: ConfigurableKey): Options {
  return configFields[component];
}

/** The fields of a struct that a configuration file holds, by its Go name; undefined for other types. */
export function structOf(goType: string): Options | undefined {
  const structs: Readonly<Record<string, Options>> = configFields.structs;
  return structs[goType];
}

/** How long something has been there: from `since` on, and before `removed`. */
export interface Lifetime {
  readonly since: string;
  readonly deprecated?: string;
  readonly removed?: string;
}

/** A feature gate; from the minor `locked` on it can only be set to `lockedTo`. */
export interface FeatureGate extends Lifetime {
  readonly locked?: string;
  readonly lockedTo?: boolean;
}

/** Feature gates by name; a selection, so one that is not there may exist all the same. */
export const knownFeatureGates: Readonly<Record<string, FeatureGate>> = featureGates.gates;

/** Admission plugins by name: all of them up to the newest minor whose tables are complete. */
export const knownAdmissionPlugins: Readonly<Record<string, Lifetime>> = admissionPlugins.plugins;

/** Flags of etcd by name, by etcd's minors; each is also a variable, `ETCD_` and the name. */
export const knownEtcdFlags: Readonly<Record<string, Option>> = etcdFlags.flags;

/** Whether a minor has an option. */
export function isAccepted(option: Lifetime, minor: string): boolean {
  if (compareMinors(minor, option.since) < 0) return false;
  return option.removed === undefined || compareMinors(minor, option.removed) < 0;
}

/** Whether a minor has an option and calls it deprecated. */
export function isDeprecated(option: Lifetime, minor: string): boolean {
  return option.deprecated !== undefined && compareMinors(minor, option.deprecated) >= 0;
}

/** What to use instead of an option: a flag or field by name, something in words, or nothing and why. */
export interface Replacement {
  readonly flag?: string;
  readonly field?: string;
  readonly use?: string;
  readonly none?: string;
  /** The first minor that has what replaces it; without one every minor has it. */
  readonly since?: string;
}

/** What to use instead of a flag that is deprecated or gone; undefined where no source says. */
export function replacementOf(owner: ComponentKey | 'etcd', flag: string): Replacement | undefined {
  const own: Readonly<Record<string, Replacement>> = replacements[owner];
  const shared: Readonly<Record<string, Replacement>> = owner === 'etcd' ? {} : replacements.everywhere;
  for (const table of [own, shared]) if (Object.hasOwn(table, flag)) return table[flag];
  return undefined;
}
