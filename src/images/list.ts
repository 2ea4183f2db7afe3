/** Cluster in, the images out that its hosts need before they can run anything of the operator's own. */
import type { AddonImage } from '../addons/images.ts';
import { imageName, mirrorUrl, parseImageReference, withVersion } from '../lib/image-reference.ts';
import { type Architecture, type Cluster, hostsWithRole } from '../model/cluster.ts';

export interface ClusterImage {
  /** As container runtimes keep it: `registry.k8s.io/pause:3.2`. */
  readonly name: string;
  /** `pod sandbox`, `workload`, names of addons and files of addons.extra. */
  readonly purposes: readonly string[];
  /** Of the hosts that run pods. */
  readonly architectures: readonly Architecture[];
  /** The same image as the mirrors of its registry call it, in the order in which they are tried. */
  readonly mirrors: readonly string[];
}

/** Every image in the order of the names; `further` are those of workloads, which no inventory names. */
export function imagesOfCluster(
  cluster: Cluster,
  addonImages: readonly AddonImage[],
  further: readonly string[] = [],
): ClusterImage[] {
  const architectures = [...new Set(hostsWithRole(cluster, 'worker').map(({ arch }) => arch))].sort();
  const wanted = [
    { image: cluster.runtime.sandboxImage, purposes: ['pod sandbox'] },
    ...addonImages.map(({ image, addons }) => ({ image, purposes: addons })),
    ...further.map((image) => ({ image, purposes: ['workload'] })),
  ];
  const purposesOf = new Map<string, string[]>();
  for (const { image, purposes } of wanted) {
    const name = imageName(parseImageReference(image));
    purposesOf.set(name, [...(purposesOf.get(name) ?? []), ...purposes]);
  }
  return [...purposesOf]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, purposes]) => ({
      name,
      purposes: [...new Set(purposes)],
      architectures,
      mirrors: mirroredNames(cluster, name),
    }));
}

/** `https://mirror.example:5000` keeps registry.k8s.io/pause:3.2 as mirror.example:5000/pause:3.2. */
function mirroredNames({ runtime }: Cluster, name: string): string[] {
  const reference = parseImageReference(name);
  const path = withVersion(reference.repository, reference);
  const mirrors = runtime.registryMirrors[reference.registry] ?? [];
  return mirrors.map((mirror) => `${mirrorUrl(mirror).replace(/^https?:\/\//, '')}/${path}`);
}
