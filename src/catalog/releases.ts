/**
 * Kubernetes releases: which exist and what runs beside each of them. Versions are what
 * kubeadm of that release installs (cmd/kubeadm/app/constants, build/dependencies.yaml,
 * release notes), with two exceptions: etcd is the newest patch that Kubernetes itself has
 * shipped with that minor, and never 3.5.0 to 3.5.2, which corrupt data (etcd-io/etcd#13766).
 * Where no source names a CNI version, it is that of the next newer release that does.
 */
import { compareMinors } from '../lib/version.ts';

export interface ReleaseRow {
  readonly minor: string;
  /** Newest known patch; `"1.20"` in an inventory means this one. */
  readonly newestPatch: number;
  /** Whether newer patches may exist: the line had not ended when this table was made. */
  readonly isMaintained: boolean;
  readonly etcd: string;
  /** The tag of registry.k8s.io/pause. */
  readonly pause: string;
  /** Name and tag below registry.k8s.io. */
  readonly coredns: string;
  readonly cniPlugins: string;
  /** The oldest containerd that the kubelet talks to. */
  readonly containerd: string;
}

const ended = { isMaintained: false } as const;
const maintained = { isMaintained: true } as const;
// CRI v1alpha2 ended with 1.25; containerd has v1 since 1.6, usable for pods since 1.6.15.
const anyContainerd = { containerd: '1.4.0' } as const;
const containerdWithCriV1 = { containerd: '1.6.15' } as const;

// biome-ignore format: a table
export const releases: readonly ReleaseRow[] = [
  { minor: '1.20', newestPatch: 15, etcd: '3.4.13', pause: '3.2', coredns: 'coredns:1.7.0', cniPlugins: '0.8.7', ...anyContainerd, ...ended },
  { minor: '1.21', newestPatch: 14, etcd: '3.4.13', pause: '3.4.1', coredns: 'coredns/coredns:v1.8.0', cniPlugins: '0.9.1', ...anyContainerd, ...ended },
  { minor: '1.22', newestPatch: 17, etcd: '3.5.3', pause: '3.5', coredns: 'coredns/coredns:v1.8.4', cniPlugins: '0.9.1', ...anyContainerd, ...ended },
  { minor: '1.23', newestPatch: 17, etcd: '3.5.3', pause: '3.6', coredns: 'coredns/coredns:v1.8.6', cniPlugins: '1.2.0', ...anyContainerd, ...ended },
  { minor: '1.24', newestPatch: 17, etcd: '3.5.3', pause: '3.7', coredns: 'coredns/coredns:v1.8.6', cniPlugins: '1.2.0', ...anyContainerd, ...ended },
  { minor: '1.25', newestPatch: 16, etcd: '3.5.4', pause: '3.8', coredns: 'coredns/coredns:v1.9.3', cniPlugins: '1.2.0', ...anyContainerd, ...ended },
  { minor: '1.26', newestPatch: 15, etcd: '3.5.6', pause: '3.9', coredns: 'coredns/coredns:v1.9.3', cniPlugins: '1.2.0', ...containerdWithCriV1, ...ended },
  { minor: '1.27', newestPatch: 16, etcd: '3.5.7', pause: '3.9', coredns: 'coredns/coredns:v1.10.1', cniPlugins: '1.2.0', ...containerdWithCriV1, ...ended },
  { minor: '1.28', newestPatch: 15, etcd: '3.5.9', pause: '3.9', coredns: 'coredns/coredns:v1.10.1', cniPlugins: '1.2.0', ...containerdWithCriV1, ...ended },
  { minor: '1.29', newestPatch: 15, etcd: '3.5.10', pause: '3.9', coredns: 'coredns/coredns:v1.11.1', cniPlugins: '1.5.1', ...containerdWithCriV1, ...ended },
  { minor: '1.30', newestPatch: 14, etcd: '3.5.12', pause: '3.9', coredns: 'coredns/coredns:v1.11.3', cniPlugins: '1.5.1', ...containerdWithCriV1, ...ended },
  { minor: '1.31', newestPatch: 14, etcd: '3.5.24', pause: '3.10', coredns: 'coredns/coredns:v1.11.3', cniPlugins: '1.5.1', ...containerdWithCriV1, ...ended },
  { minor: '1.32', newestPatch: 13, etcd: '3.5.24', pause: '3.10', coredns: 'coredns/coredns:v1.11.3', cniPlugins: '1.6.0', ...containerdWithCriV1, ...ended },
  { minor: '1.33', newestPatch: 13, etcd: '3.5.24', pause: '3.10', coredns: 'coredns/coredns:v1.12.0', cniPlugins: '1.6.2', ...containerdWithCriV1, ...ended },
  { minor: '1.34', newestPatch: 10, etcd: '3.6.5', pause: '3.10.1', coredns: 'coredns/coredns:v1.12.1', cniPlugins: '1.7.1', ...containerdWithCriV1, ...maintained },
  { minor: '1.35', newestPatch: 7, etcd: '3.6.6', pause: '3.10.1', coredns: 'coredns/coredns:v1.13.1', cniPlugins: '1.8.0', ...containerdWithCriV1, ...maintained },
  { minor: '1.36', newestPatch: 3, etcd: '3.6.8', pause: '3.10.2', coredns: 'coredns/coredns:v1.14.2', cniPlugins: '1.9.1', ...containerdWithCriV1, ...maintained },
  { minor: '1.37', newestPatch: 0, etcd: '3.7.0', pause: '3.10.2', coredns: 'coredns/coredns:v1.14.2', cniPlugins: '1.9.1', ...containerdWithCriV1, ...maintained },
];

/** The newest minor whose tables are complete; of later ones only a beta has been seen. */
export const newestCompleteMinor = '1.36';

/** The row of a minor (`1.20`), or undefined when there is none. */
export function findRelease(minor: string): ReleaseRow | undefined {
  return releases.find((row) => row.minor === minor);
}

/** The row of a minor that a validated inventory names. */
export function releaseOf(minor: string): ReleaseRow {
  const row = findRelease(minor);
  if (row === undefined) throw new Error(`no release row for Kubernetes ${minor}`);
  return row;
}

/** The newest version whose tables are complete: the default of `kubernetes.version`. */
export function newestVersion(): string {
  return `${newestCompleteMinor}.${releaseOf(newestCompleteMinor).newestPatch}`;
}

/** The pod sandbox image of a minor; the registry of old times, k8s.gcr.io, is frozen and redirects here. */
export function sandboxImageOf(minor: string): string {
  return `registry.k8s.io/pause:${releaseOf(minor).pause}`;
}

/** The image of cluster DNS that belongs to a minor. */
export function corednsImageOf(minor: string): string {
  return `registry.k8s.io/${releaseOf(minor).coredns}`;
}

/** Whether a minor is one of `first`, the one after it, and so on. */
export function isFrom(minor: string, first: string): boolean {
  return compareMinors(minor, first) >= 0;
}
