/** `hardway upgrade-check`: what an upgrade changes for an inventory, and what has to be done first. */
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { maskSecrets } from '../diagnostics/visible.ts';
import { templatesDir } from '../lib/package-root.ts';
import { loadTemplates } from '../render/template.ts';
import { totalsOf, type UpgradeItem } from '../upgrade/item.ts';
import { routeTo } from '../upgrade/target.ts';
import { upgradeText } from '../upgrade/text.ts';
import { upgradeOf } from '../upgrade/upgrade.ts';
import { type InventoryOptions, readCluster } from './inventory.ts';

export interface UpgradeCheckOptions extends InventoryOptions {
  readonly to: string;
}

/** Runs the command; exit status 1 when something must be changed first. */
export function upgradeCheck(options: UpgradeCheckOptions, io: Io): ExitStatus {
  const input = io.readInput(options.inventory);
  // Standard input can be read only once.
  const cluster = readCluster(options, { ...io, readInput: () => input });
  if (cluster === undefined) return exitStatus.wrongInput;
  const route = routeTo(cluster.kubernetes.version, options.to);
  if (route.kind === 'mistake') {
    io.stderr(`hardway: ${route.message}\n  fix: ${route.fix}\n`);
    return exitStatus.wrongInput;
  }
  if (route.warning !== undefined && !options.quiet) io.stderr(`warning: ${route.warning}\n`);

  const file = options.inventory === '-' ? '<stdin>' : options.inventory;
  const upgrade = upgradeOf(input, file, route.hops, loadTemplates(templatesDir));
  const totals = totalsOf(upgrade.steps);
  if (options.format === 'json') {
    const steps = upgrade.steps.map((step) => ({ ...step, items: step.items.map(itemJson) }));
    io.stdout(`${JSON.stringify({ ...upgrade, steps, totals }, null, 2)}\n`);
  } else io.stdout(upgradeText(upgrade, { file, quiet: options.quiet }));
  return totals.blocks > 0 ? exitStatus.found : exitStatus.done;
}

/** Every item with the same keys, so that programs need not ask which there are. */
function itemJson({ kind, subject, message, details, fix, places, source }: UpgradeItem) {
  return {
    kind,
    subject,
    message: maskSecrets(message),
    details: details ?? [],
    fix: fix === undefined ? null : maskSecrets(fix),
    places: places ?? [],
    source: source ?? null,
  };
}
