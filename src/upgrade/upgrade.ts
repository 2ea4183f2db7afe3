/**
 * An inventory and a route in, what the upgrade brings out, step by step. Everything that
 * tables of flags, fields and rules know is found by looking at the same inventory at both
 * versions of a step; catalog/upgrades has the rest. Writes nothing.
 */
import type { Source } from '../diagnostics/diagnostic.ts';
import { inventoryAt, type LoadedAt } from '../inventory/load.ts';
import type { Templates } from '../render/template.ts';
import { itemKinds, type Upgrade, type UpgradeItem, type UpgradeStep } from './item.ts';
import { plannedItems } from './planned.ts';
import { rolloutOf, skewOf } from './rollout.ts';
import { tableItems } from './tables.ts';
import type { Hop } from './target.ts';
import { writtenItems } from './written.ts';

/** What an upgrade of an inventory without errors brings. */
export function upgradeOf(
  input: string | Uint8Array,
  file: string,
  hops: readonly Hop[],
  templates: Templates,
): Upgrade {
  const [first, last] = [hops[0], hops.at(-1)];
  if (first === undefined || last === undefined) throw new Error('an upgrade has at least one step');
  const { source, at } = inventoryAt(input, file);
  let before = at(first.from);
  const rollout = rolloutOf(before.cluster);
  const steps: UpgradeStep[] = [];
  for (const hop of hops) {
    const after = at(hop.to);
    steps.push({ ...hop, items: itemsOf(before, after, source, templates), skew: skewOf(hop) });
    before = after;
  }
  return { from: first.from, to: last.to, steps, rollout };
}

function itemsOf(before: LoadedAt, after: LoadedAt, source: Source, templates: Templates): UpgradeItem[] {
  const items = [
    ...writtenItems(before, after, source),
    ...(before.cluster.kubernetes.minor === after.cluster.kubernetes.minor
      ? []
      : tableItems(before.cluster, after.cluster)),
    ...plannedItems(before.cluster, after.cluster, templates),
  ];
  return itemKinds.flatMap((kind) => items.filter((item) => item.kind === kind));
}
