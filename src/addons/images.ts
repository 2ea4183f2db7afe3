/** The images that addons run: of hardway's own by version, of the operator's manifests as found in them. */
import { type AddonName, addonNames, imagesOfAddon } from '../catalog/addons.ts';
import type { ExtraManifest } from '../model/addon.ts';
import type { Cluster } from '../model/cluster.ts';
import { enforcesPodSecurityPolicy } from '../plan/facts.ts';

export interface AddonImage {
  /** As the manifest names it. */
  readonly image: string;
  /** Who runs it: names of hardway's own addons, or files of addons.extra as the inventory names them. */
  readonly addons: readonly string[];
}

/**
 * Every image that the addons of a cluster need, each once, in the order in which they are
 * applied. `extras` are those of `ReadInventory.extras` (commands/inventory.ts); images that an
 * operator or a chart asks for later stand in no manifest, and so not here.
 */
export function imagesOfAddons(cluster: Cluster, extras: readonly ExtraManifest[] = []): AddonImage[] {
  const own = addonNames
    .filter((name) => isInstalled(name, cluster))
    .flatMap((name) =>
      imagesOfAddon(name, cluster.kubernetes.minor).map((image) => ({ image, addon: name })),
    );
  const others = extras.flatMap(({ file, objects }) =>
    objects.flatMap(({ images }) => images.map((image) => ({ image, addon: file }))),
  );
  const byImage = new Map<string, Set<string>>();
  for (const { image, addon } of [...own, ...others])
    byImage.set(image, (byImage.get(image) ?? new Set<string>()).add(addon));
  return [...byImage].map(([image, addons]) => ({ image, addons: [...addons] }));
}

/** Whether a cluster has one of hardway's own addons. */
export function isInstalled(name: AddonName, cluster: Cluster): boolean {
  const { addons } = cluster;
  const installed: Readonly<Record<AddonName, boolean>> = {
    rbac: true,
    'pod-security-policy': enforcesPodSecurityPolicy(cluster),
    flannel: addons.flannel !== undefined,
    coredns: addons.coredns,
  };
  return installed[name];
}
