/** What runs in the cluster itself and comes with it: which images, by Kubernetes minor. */
import { compareMinors } from '../lib/version.ts';
import { corednsImageOf } from './releases.ts';

/** Names of hardway's own addons, in the order in which they are applied; each is a file below addonsDir. */
export const addonNames = ['rbac', 'pod-security-policy', 'flannel', 'coredns'] as const;
export type AddonName = (typeof addonNames)[number];

export interface FlannelRow {
  /** The first minor that gets this flannel. */
  readonly from: string;
  /** The daemon, and the CNI plugin that it puts on the host, as in kube-flannel.yml of its release. */
  readonly image: string;
  readonly pluginImage: string;
}

/**
 * Flannel has no release for each of Kubernetes: it uses stable APIs only. From the minor on whose
 * client libraries the newer one was built with, it takes the newer one.
 */
export const flannelReleases: readonly FlannelRow[] = [
  {
    from: '1.20',
    image: 'docker.io/flannel/flannel:v0.22.3',
    pluginImage: 'docker.io/flannel/flannel-cni-plugin:v1.2.0',
  },
  {
    from: '1.31',
    image: 'ghcr.io/flannel-io/flannel:v0.27.4',
    pluginImage: 'ghcr.io/flannel-io/flannel-cni-plugin:v1.8.0-flannel1',
  },
];

/** The flannel of a minor. */
export function flannelOf(minor: string): FlannelRow {
  const row = flannelReleases.findLast(({ from }) => compareMinors(minor, from) >= 0);
  if (row === undefined) throw new Error(`no flannel for Kubernetes ${minor}`);
  return row;
}

/** The images of one of hardway's own addons. */
export function imagesOfAddon(name: AddonName, minor: string): readonly string[] {
  const { image, pluginImage } = flannelOf(minor);
  const images: Readonly<Record<AddonName, readonly string[]>> = {
    rbac: [],
    'pod-security-policy': [],
    flannel: [image, pluginImage],
    coredns: [corednsImageOf(minor)],
  };
  return images[name];
}
