/** Reading copies of existing hosts for a command; what was taken for granted goes to standard error. */
import { ArgumentError } from '../cli/failure.ts';
import type { Io } from '../cli/io.ts';
import { escapeControls, maskUrls } from '../diagnostics/visible.ts';
import { count } from '../lib/table.ts';
import { parseVersion } from '../lib/version.ts';
import { readTree, type TreeCluster } from '../tree/cluster.ts';
import { findHosts, HostTreeError } from '../tree/find-hosts.ts';

export interface ExistingOptions {
  readonly dir: string;
  readonly kubernetesVersion: string | undefined;
  readonly quiet: boolean;
}

/** The hosts below the folder. @throws HostTreeError, ArgumentError */
export function readExisting(options: ExistingOptions, io: Io): TreeCluster {
  const { dir, kubernetesVersion: given } = options;
  if (given !== undefined && parseVersion(given) === undefined)
    throw new ArgumentError(`--kubernetes-version ${given} is no version`, 'write it as 1.20.2 or 1.20');
  const cluster = readTree(findHosts(dir), { path: dir, now: io.now(), given });
  const silent = cluster.hosts.filter(({ starts }) => starts.length === 0);
  if (silent.length === cluster.hosts.length)
    throw new HostTreeError(`${dir}: no daemon of Kubernetes and no etcd is found on its hosts`);
  return cluster;
}

/** What was taken for granted or left out while reading, a line each. */
export function notesOf({ hosts, version }: TreeCluster): string[] {
  const { place } = version;
  const at =
    place === undefined
      ? ''
      : `, ${[place.host, place.file, place.line].filter((one) => one !== undefined).join(':')}`;
  const stated = new Map<string, string[]>();
  const state = (text: string, host: string) => stated.set(text, [...(stated.get(text) ?? []), host]);
  for (const { view, starts, tree, lostOwners, isRedacted } of hosts) {
    if (starts.length === 0) state('no daemon of the cluster is found', view.name);
    for (const { assumption } of starts) if (assumption !== undefined) state(assumption, view.name);
    if (lostOwners)
      state(
        'all files have one owner: who owned them on the host is not told, and modes are those of the copy',
        view.name,
      );
    if (isRedacted) state('keys are there as fingerprints only', view.name);
    for (const { path, why } of tree.skipped()) state(`${path} is left out: ${why}`, view.name);
    for (const { path, file } of view.yaml)
      if (file.problem !== undefined)
        state(`${path} cannot be read, line ${file.problem.line}: ${file.problem.message}`, view.name);
  }
  const versionNote = `Kubernetes ${version.version}: ${version.how}${at}${version.isAssumed ? '; --kubernetes-version sets it' : ''}`;
  return [versionNote, ...[...stated].map(([text, names]) => `${hostsText(names)}: ${text}`)].map((note) =>
    escapeControls(maskUrls(note)),
  );
}

function hostsText(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${count(names.length - 5, 'more host')}` : shown;
}
