/** Reading an inventory for a command: its diagnostics go to standard error, its cluster to the command. */
import type { CommonOptions, Io } from '../cli/io.ts';
import { diagnosticsToJson, formatDiagnostics, summarize } from '../diagnostics/format.ts';
import { loadInventory } from '../inventory/load.ts';
import type { Cluster } from '../model/cluster.ts';

export interface InventoryOptions extends CommonOptions {
  /** A path, or `-` for standard input. */
  readonly inventory: string;
}

/** The cluster that an inventory describes, or undefined when it has errors, which are then printed. */
export function readCluster(options: InventoryOptions, io: Io, print = io.stderr): Cluster | undefined {
  const file = options.inventory === '-' ? '<stdin>' : options.inventory;
  const { source, diagnostics, cluster } = loadInventory(io.readInput(options.inventory), file);
  const shown = options.quiet ? diagnostics.filter((one) => one.severity === 'error') : diagnostics;
  if (options.format === 'json') {
    const isResult = print === io.stdout;
    if (isResult || shown.length > 0) print(`${JSON.stringify(diagnosticsToJson(source, shown), null, 2)}\n`);
  } else if (shown.length > 0) {
    print(`${formatDiagnostics(source, shown, { color: io.color })}\n${summarize(shown)}\n`);
  }
  return cluster;
}
