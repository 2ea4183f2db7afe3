/** What of a planned host can differ between versions: command lines, fields of configuration, files, units. */
import { parse } from 'yaml';
import { type ComponentRow, components } from '../catalog/components.ts';
import * as paths from '../catalog/paths.ts';
import type { Cluster, Host } from '../model/cluster.ts';
import { factsOf } from '../plan/facts.ts';
import { componentVariables, sharedDefaults } from '../plan/flags.ts';
import { planHost } from '../plan/plan.ts';
import { reviewTexts } from '../render/render.ts';
import type { Templates } from '../render/template.ts';

/** Names and what they stand for. */
export type Settings = ReadonlyMap<string, string>;

export interface HostShape {
  /** Flags of a component by its name. */
  readonly flags: ReadonlyMap<string, Settings>;
  /** Fields of configuration files, by the name of the component that reads them: `ipvs.scheduler`. */
  readonly fields: ReadonlyMap<string, Settings>;
  /** Every other file that a template makes, by path. */
  readonly files: Settings;
  readonly units: readonly string[];
  readonly modules: readonly string[];
  readonly binaries: readonly string[];
}

const configFiles: Readonly<Record<string, string>> = {
  [`${paths.kubeletDir}/config.yaml`]: 'kubelet',
  [`${paths.kubeProxyDir}/config.yaml`]: 'kube-proxy',
};

/** Files that hold nothing but flags. */
const flagFiles: readonly string[] = [
  `${paths.kubernetesDir}/config`,
  ...components.map(({ envFile }) => envFile),
];

/** The shape of a host; needs no keys and no secrets. */
export function shapeOf(cluster: Cluster, host: Host, templates: Templates): HostShape {
  const plan = planHost(cluster, host);
  const texts = [...reviewTexts(plan, templates)];
  const rows = components.filter(({ role }) => host.roles.includes(role));
  return {
    flags: new Map(rows.map((row) => [row.name, commandLineOf(row, cluster, host)])),
    fields: new Map(
      texts.flatMap(([path, text]) => {
        const component = configFiles[path];
        return component === undefined ? [] : [[component, new Map(fieldsOf(parse(text), ''))] as const];
      }),
    ),
    files: new Map(texts.filter(([path]) => configFiles[path] === undefined && !flagFiles.includes(path))),
    units: plan.units.map(({ name }) => name),
    modules: plan.modules.map(({ name }) => name),
    binaries: plan.binaries.map(({ path }) => path),
  };
}

/** The flags that a component is started with, shared ones included. */
export function commandLineOf(row: ComponentRow, cluster: Cluster, host: Host): Settings {
  const facts = factsOf(cluster, host);
  const { own, overrides } = componentVariables(row, facts, host.components[row.key]);
  const variables = { ...sharedDefaults(components, facts), ...overrides, ...own };
  const words = row.variables.flatMap((variable) => variables[variable] ?? []);
  return new Map(
    words.map((word) => {
      const equals = word.indexOf('=');
      return [word.slice(2, equals), word.slice(equals + 1)];
    }),
  );
}

/** The leaves of a document by their path below `path`: `ipvs.scheduler`. Lists are leaves, as JSON. */
export function fieldsOf(value: unknown, path: string): [string, string][] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  }
  return Object.entries(value).flatMap(([name, below]) =>
    fieldsOf(below, path === '' ? name : `${path}.${name}`),
  );
}

/**
 * Two hosts, or the only one, for each way in which hosts differ: versions change the others of
 * the kind as they change these, and what is not the same in both is each host's own.
 */
export function kindsOfHosts(cluster: Cluster): readonly Host[] {
  const kinds = new Map<string, readonly Host[]>();
  for (const host of cluster.hosts) {
    const { roles, arch, components: settings, labels, taints, addresses } = host;
    const families = addresses.map(({ family }) => family);
    const kind = JSON.stringify([
      roles,
      arch,
      families,
      settings,
      Object.keys(labels).length > 0,
      taints.length > 0,
    ]);
    const known = kinds.get(kind) ?? [];
    if (known.length < 2) kinds.set(kind, [...known, host]);
  }
  return [...kinds.values()].flat();
}
