/** Upgrades for tests, made as users ask for them: from the text of an inventory. */
import { loadInventory } from '../../src/inventory/load.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import { loadTemplates } from '../../src/render/template.ts';
import type { ItemKind, Upgrade, UpgradeItem } from '../../src/upgrade/item.ts';
import { routeTo } from '../../src/upgrade/target.ts';
import { upgradeOf } from '../../src/upgrade/upgrade.ts';

const templates = loadTemplates(templatesDir);

/** The upgrade of an inventory, given without its first line, from a version to another. */
export function upgrade(from: string, to: string, ...parts: readonly string[]): Upgrade {
  const text = ['apiVersion: hardway/v1', ...parts].join('\n').replace('VERSION', from);
  const written = text.includes('kubernetes:') ? text : `${text}\nkubernetes: { version: "${from}" }`;
  const { cluster, diagnostics } = loadInventory(written, 'test.yaml');
  if (cluster === undefined) throw new Error(JSON.stringify(diagnostics, null, 2));
  const route = routeTo(cluster.kubernetes.version, to);
  if (route.kind === 'mistake') throw new Error(route.message);
  return upgradeOf(written, 'test.yaml', route.hops, templates);
}

/** The items of the step to a minor; of all steps without one. */
export function itemsTo(
  { steps }: Upgrade,
  minor?: string,
): readonly (UpgradeItem & { readonly text: string })[] {
  return steps
    .filter(({ to }) => minor === undefined || to.startsWith(`${minor}.`))
    .flatMap(({ items }) => items)
    .map((item) => ({ ...item, text: [item.message, ...(item.details ?? [])].join(' ') }));
}

/** Messages of one kind in the step to a minor. */
export function messagesTo(one: Upgrade, minor: string, kind: ItemKind): string[] {
  return itemsTo(one, minor)
    .filter((item) => item.kind === kind)
    .map(({ text }) => text);
}
