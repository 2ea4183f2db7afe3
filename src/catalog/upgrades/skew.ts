/**
 * How far apart versions may be, and from where to where etcd can go. Kubernetes' version
 * skew policy (kubernetes.io/releases/version-skew-policy) and etcd's upgrade guides
 * (etcd.io/docs/latest/upgrades).
 */

/** Kubelets and kube-proxies older than this may be fewer minors behind their API servers. */
export const firstLaggingFar = '1.25';
export const mostMinorsBehind = { before: 2, from: 3 } as const;

/** kube-proxy had to be of its kubelet's minor until the policy changed with this one. */
export const firstWithLooseProxy = '1.28';

/** A step of etcd: only from one minor to the next. */
export interface EtcdHopRow {
  readonly minor: string;
  readonly from: string;
  /** The oldest patch of `from` that every member must run first, where it is not any. */
  readonly atLeast?: { readonly version: string; readonly why: string };
}

export const etcdHops: readonly EtcdHopRow[] = [
  { minor: '3.5', from: '3.4' },
  {
    minor: '3.6',
    from: '3.5',
    atLeast: {
      version: '3.5.24',
      why: "members that were removed may come back from an older one's data; etcd's guide would rather see 3.5.26",
    },
  },
  { minor: '3.7', from: '3.6' },
];
