/** `hardway validate`: every problem of an inventory at once. */
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { count } from '../lib/table.ts';
import { type InventoryOptions, readInventory } from './inventory.ts';

/** Runs the command; warnings alone do not fail it. */
export function validate(options: InventoryOptions, io: Io): ExitStatus {
  // As JSON the diagnostics are the result, so that `| jq` sees them.
  const read = readInventory(options, io, options.format === 'json' ? io.stdout : io.stderr);
  if (read === undefined) return exitStatus.wrongInput;
  const { cluster } = read;
  if (!options.quiet && options.format === 'text') {
    io.stdout(
      `${options.inventory}: cluster ${cluster.name}, ${count(cluster.hosts.length, 'host')}, no errors\n`,
    );
  }
  return exitStatus.done;
}
