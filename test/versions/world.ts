/** What hardway makes of a version: command lines, configuration files, and what it says to an inventory. */
import { parse } from 'yaml';
import { components } from '../../src/catalog/components.ts';
import { releases } from '../../src/catalog/releases.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { compareMinors } from '../../src/lib/version.ts';
import type { Cluster, ComponentKey } from '../../src/model/cluster.ts';
import { factsOf } from '../../src/plan/facts.ts';
import { componentVariables, sharedDefaults } from '../../src/plan/flags.ts';
import { clusterOf, clustersAt, oneHost, planOf, renderedTexts } from '../support/clusters.ts';

export const minors: readonly string[] = releases.map(({ minor }) => minor);

/** The minors from one on, up to and without another. */
export function minorsFrom(first: string, before = '9.99'): string[] {
  return minors.filter((minor) => compareMinors(minor, first) >= 0 && compareMinors(minor, before) < 0);
}

/** The cluster of one host at a version. */
export function clusterAt(minor: string, ...sections: readonly string[]): Cluster {
  return clusterOf(`kubernetes: { version: "${minor}" }`, ...sections, oneHost);
}

/** Flags of a component and their values, on the first host of a cluster that runs it. */
export function flagsIn(cluster: Cluster, key: ComponentKey): ReadonlyMap<string, string> {
  const row = components.find((component) => component.key === key);
  const host = cluster.hosts.find(({ roles }) => row !== undefined && roles.includes(row.role));
  if (row === undefined || host === undefined) throw new Error(`no host runs ${key}`);
  const facts = factsOf(cluster, host);
  const { own, overrides } = componentVariables(row, facts, host.components[key]);
  const variables = { ...sharedDefaults([row], facts), ...overrides, ...own };
  const words = row.variables.flatMap((variable) => variables[variable] ?? []);
  return new Map(
    words.map((word) => {
      const [, flag = '', value = ''] = /^--([^=]+)=(.*)$/.exec(word) ?? [];
      return [flag, value];
    }),
  );
}

/** Every flag that any of the clusters of these tests gives a component at a version. */
export function allFlagsAt(minor: string, key: ComponentKey): ReadonlySet<string> {
  return new Set(Object.values(clustersAt(minor)).flatMap((cluster) => [...flagsIn(cluster, key).keys()]));
}

/** A file of the first host of a cluster. */
export async function fileIn(cluster: Cluster, path: string): Promise<string | undefined> {
  return (await renderedTexts(planOf(cluster))).get(path);
}

/** A YAML file of the first host of a cluster; throws when there is none. */
export async function yamlIn(cluster: Cluster, path: string): Promise<Record<string, unknown>> {
  const text = await fileIn(cluster, path);
  if (text === undefined) throw new Error(`no ${path}`);
  return parse(text) as Record<string, unknown>;
}

/** What is said to an inventory of one host at a version: `error` or `warning`, and the message. */
export function said(minor: string, ...sections: readonly string[]): string[] {
  const text = ['apiVersion: hardway/v1', `kubernetes: { version: "${minor}" }`, ...sections, oneHost].join(
    '\n',
  );
  const { diagnostics } = loadInventory(text, 'inventory.yaml');
  return diagnostics.map(({ severity, message }) => `${severity}: ${message}`);
}

/** The same, for one flag of a component. */
export function saidToFlag(minor: string, key: ComponentKey, flag: string, value = '1'): string[] {
  return said(minor, `components: { ${key}: { args: { ${flag}: "${value}" } } }`);
}
