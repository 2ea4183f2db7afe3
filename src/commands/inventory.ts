/** Reading an inventory for a command: its diagnostics go to standard error, its cluster to the command. */
import type { CommonOptions, Io } from '../cli/io.ts';
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts';
import { diagnosticsToJson, formatDiagnostics, sortDiagnostics, summarize } from '../diagnostics/format.ts';
import { type Loaded, loadInventory } from '../inventory/load.ts';
import type { Problem } from '../inventory/problem.ts';
import type { ExtraManifest } from '../model/addon.ts';
import type { Pki } from '../model/certificate.ts';
import type { Cluster } from '../model/cluster.ts';
import { type ReadExternalEtcd, readExternalEtcd } from './external-etcd.ts';
import { nothingExtra, readExtraManifests } from './extra-manifests.ts';

export interface InventoryOptions extends CommonOptions {
  /** A path, or `-` for standard input. */
  readonly inventory: string;
}

/** The cluster that an inventory describes, or undefined when it has errors, which are then printed. */
export function readCluster(options: InventoryOptions, io: Io): Cluster | undefined {
  const loaded = load(options, io);
  print(options, io, loaded.source, loaded.diagnostics, io.stderr);
  return loaded.cluster;
}

/** A cluster, and what the files that its inventory names hold. */
export interface ReadInventory {
  readonly cluster: Cluster;
  readonly externalEtcd: ReadExternalEtcd | undefined;
  /** Those of addons.extra, in its order. */
  readonly extras: readonly ExtraManifest[];
}

/** The same with the files that the inventory names read and checked, and what a command finds beside. */
export function readInventory(
  options: InventoryOptions,
  io: Io,
  out = io.stderr,
  further: (cluster: Cluster) => readonly Problem[] = () => [],
): ReadInventory | undefined {
  const { source, diagnostics, cluster, locate } = load(options, io);
  const externalEtcd = cluster && readExternalEtcd(cluster, options.inventory, io);
  const extra = cluster === undefined ? nothingExtra : readExtraManifests(cluster, options.inventory, io);
  const problems =
    cluster === undefined ? [] : [...(externalEtcd?.problems ?? []), ...extra.problems, ...further(cluster)];
  const all = sortDiagnostics([...diagnostics, ...problems.map(locate)]);
  print(options, io, source, all, out);
  const hasErrors = all.some(({ severity }) => severity === 'error');
  return cluster === undefined || hasErrors ? undefined : { cluster, externalEtcd, extras: extra.manifests };
}

/** A store with what the inventory's own files add to it: all that a render takes its bytes from. */
export function withLocalFiles(store: Pki, { externalEtcd, extras }: ReadInventory): Pki {
  return {
    ...store,
    ...(externalEtcd?.etcd === undefined ? {} : { externalEtcd: externalEtcd.etcd }),
    extraManifests: new Map(extras.map((manifest) => [manifest.file, manifest])),
  };
}

/** Prints what a command finds only after the inventory was read, at its place there. */
export function tellProblems(options: InventoryOptions, io: Io, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const { source, locate } = load(options, io);
  print(options, io, source, sortDiagnostics(problems.map(locate)), io.stderr);
}

function load(options: InventoryOptions, io: Io): Loaded {
  const file = options.inventory === '-' ? '<stdin>' : options.inventory;
  return loadInventory(io.readInput(options.inventory), file);
}

function print(
  options: CommonOptions,
  io: Io,
  source: Source,
  diagnostics: readonly Diagnostic[],
  out: (text: string) => void,
): void {
  const shown = options.quiet ? diagnostics.filter((one) => one.severity === 'error') : diagnostics;
  if (options.format === 'json') {
    const isResult = out === io.stdout;
    if (isResult || shown.length > 0) out(`${JSON.stringify(diagnosticsToJson(source, shown), null, 2)}\n`);
  } else if (shown.length > 0) {
    out(`${formatDiagnostics(source, shown, { color: io.color })}\n${summarize(shown)}\n`);
  }
}
