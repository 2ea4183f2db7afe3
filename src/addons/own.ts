/** hardway's own addons of a cluster, as they are applied: from the templates, without any key. */
import { type AddonName, addonNames, imagesOfAddon } from '../catalog/addons.ts';
import * as paths from '../catalog/paths.ts';
import { type Cluster, hostsWithRole } from '../model/cluster.ts';
import { planHost } from '../plan/plan.ts';
import { reviewTexts } from '../render/render.ts';
import type { Templates } from '../render/template.ts';
import { type FoundObject, readManifest } from './manifest.ts';

export interface OwnAddon {
  readonly name: AddonName;
  /** Absolute path on control planes. */
  readonly path: string;
  readonly text: string;
  readonly images: readonly string[];
  readonly objects: readonly FoundObject[];
}

/** In the order in which they are applied. All control planes hold the same. */
export function ownAddons(cluster: Cluster, templates: Templates): OwnAddon[] {
  const [host] = hostsWithRole(cluster, 'control-plane');
  if (host === undefined) return [];
  const texts = [...reviewTexts(planHost(cluster, host), templates)];
  return addonNames.flatMap((name) => {
    const found = texts.find(([path]) => path.startsWith(paths.addonsDir) && path.endsWith(`-${name}.yaml`));
    if (found === undefined) return [];
    const [path, text] = found;
    const images = imagesOfAddon(name, cluster.kubernetes.minor);
    return [{ name, path, text, images, objects: readManifest(text).objects }];
  });
}
