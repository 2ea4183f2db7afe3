/** Kubernetes releases: which exist, which this version renders, and what runs beside each of them. */
import { compareMinors } from '../lib/version.ts';

/** A minor that can be rendered. */
export interface ReleaseRow {
  readonly minor: string;
  /** Newest patch; `"1.20"` in an inventory means this one. */
  readonly newestPatch: number;
  /** The version that kubeadm installs with this minor. */
  readonly etcd: string;
  readonly sandboxImage: string;
  readonly coredns: string;
}

export const releases: readonly ReleaseRow[] = [
  {
    minor: '1.20',
    newestPatch: 15,
    etcd: '3.4.13',
    // The registry of that time, k8s.gcr.io, is frozen and redirects here.
    sandboxImage: 'registry.k8s.io/pause:3.2',
    coredns: '1.7.0',
  },
];

/** Newest patch of every minor from 1.20 on, rendered or not: what exists at all. */
export const newestPatches: Readonly<Record<string, number>> = {
  '1.20': 15,
  '1.21': 14,
  '1.22': 17,
  '1.23': 17,
  '1.24': 17,
  '1.25': 16,
  '1.26': 15,
  '1.27': 16,
  '1.28': 15,
  '1.29': 15,
  '1.30': 14,
  '1.31': 14,
  '1.32': 13,
  '1.33': 13,
  '1.34': 10,
  '1.35': 7,
  '1.36': 3,
  '1.37': 0,
};

/** The row of a minor (`1.20`), or undefined when it cannot be rendered. */
export function findRelease(minor: string): ReleaseRow | undefined {
  return releases.find((row) => row.minor === minor);
}

/** The row of a minor that a validated inventory names. */
export function releaseOf(minor: string): ReleaseRow {
  const row = findRelease(minor);
  if (row === undefined) throw new Error(`no release row for Kubernetes ${minor}`);
  return row;
}

/** The newest version that can be rendered: the default of `kubernetes.version`. */
export function newestVersion(): string {
  const [newest] = [...releases].sort((left, right) => compareMinors(right.minor, left.minor));
  if (newest === undefined) throw new Error('the table of releases is empty');
  return `${newest.minor}.${newest.newestPatch}`;
}
