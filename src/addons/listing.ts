/** Everything that a cluster's control planes apply, hardway's own addons first, as people and programs read it. */
import type { ExtraManifest, ManifestObject } from '../model/addon.ts';
import type { Cluster } from '../model/cluster.ts';
import { extraManifestPath } from '../plan/extra-manifests.ts';
import type { Templates } from '../render/template.ts';
import { withoutPlace } from './manifest.ts';
import { ownAddons } from './own.ts';

export interface ListedAddon {
  /** Of hardway's own the addon's name; of others the file as the inventory names it. */
  readonly name: string;
  /** The tag of the image that gives the addon its name; null where there is none. */
  readonly version: string | null;
  /** Where it lies on control planes. */
  readonly path: string;
  readonly images: readonly string[];
  readonly objects: readonly ManifestObject[];
  /** As in the review tree: Secrets without their values. */
  readonly manifest: string;
}

/** In the order in which they are applied. */
export function listAddons(
  cluster: Cluster,
  extras: readonly ExtraManifest[],
  templates: Templates,
): ListedAddon[] {
  const own = ownAddons(cluster, templates).map(({ name, path, text, images, objects }) => ({
    name,
    version: /:v?([^:/]+)$/.exec(images[0] ?? '')?.[1] ?? null,
    path,
    images,
    objects: objects.map(withoutPlace),
    manifest: text,
  }));
  const others = extras.map(({ file, objects, review }, index) => ({
    name: file,
    version: null,
    path: extraManifestPath(file, index),
    images: [...new Set(objects.flatMap(({ images }) => images))],
    objects,
    manifest: review,
  }));
  return [...own, ...others];
}
