/**
 * What an upgrade to a minor asks of people and no table of flags, fields, images or APIs
 * can tell. One row each, for the first minor in which it is so. From the release notes
 * and enhancements that `source` names.
 */
import type { ComponentKey } from '../../model/cluster.ts';

/** Conditions of `when`; upgrade/notes.ts says when each holds. */
export const noteConditions = [
  'hasControlPlaneNodes',
  'switchesToNftables',
  'usesContainerd',
  'usesDocker',
  'usesExternalRuntime',
  'usesPodSecurityPolicy',
] as const;
export type NoteCondition = (typeof noteConditions)[number];

export interface UpgradeNoteRow {
  readonly minor: string;
  readonly kind: 'blocks' | 'check';
  /** One or two words: what it is about. */
  readonly subject: string;
  readonly message: string;
  readonly fix?: string;
  readonly when?: NoteCondition;
  /** Does not concern hosts whose command line or configuration says it already. */
  readonly unlessSet?: { readonly component: ComponentKey; readonly flag?: string; readonly field?: string };
  readonly source: string;
}

export const upgradeNotes: readonly UpgradeNoteRow[] = [
  {
    minor: '1.21',
    kind: 'check',
    subject: 'tokens in pods',
    message:
      'tokens of service accounts in pods are bound and expire (BoundServiceAccountTokenVolume); a client that reads its token only once is logged out after a year at the latest',
    fix: 'watch the metric serviceaccount_stale_tokens_total, and update clients that it counts',
    source: 'kubernetes/enhancements#542',
  },
  {
    minor: '1.24',
    kind: 'blocks',
    subject: 'dockershim',
    when: 'usesDocker',
    message:
      'the kubelet no longer talks to Docker itself (dockershim is gone): cri-dockerd must stand between them',
    fix: 'put cri-dockerd on every worker first, or go to runtime.type containerd while draining node by node',
    source: 'kubernetes/enhancements#2221',
  },
  {
    minor: '1.24',
    kind: 'check',
    subject: 'token Secrets',
    message: 'a new ServiceAccount gets no Secret with a token any more; those that exist stay',
    fix: 'use kubectl create token, or make a Secret of type kubernetes.io/service-account-token',
    source: 'kubernetes/enhancements#2799',
  },
  {
    minor: '1.24',
    kind: 'check',
    subject: 'node labels',
    when: 'hasControlPlaneNodes',
    message:
      'tools label control planes with node-role.kubernetes.io/control-plane only, no longer with .../master',
    fix: 'look for node-role.kubernetes.io/master in node selectors and affinities of your own',
    source: 'kubernetes/enhancements#2067',
  },
  {
    minor: '1.25',
    kind: 'check',
    subject: 'node taints',
    when: 'hasControlPlaneNodes',
    message:
      'tools taint control planes with node-role.kubernetes.io/control-plane only, no longer with .../master',
    fix: 'tolerate node-role.kubernetes.io/control-plane in pods of your own that must run there',
    source: 'kubernetes/enhancements#2067',
  },
  {
    minor: '1.25',
    kind: 'check',
    subject: 'pod security',
    when: 'usesPodSecurityPolicy',
    message: 'PodSecurityPolicy is gone: what its policies forbade is allowed afterwards',
    fix: 'label namespaces with pod-security.kubernetes.io/enforce, or bring another policy engine, before the upgrade',
    source: 'kubernetes/enhancements#2579',
  },
  {
    minor: '1.26',
    kind: 'check',
    subject: 'cri-dockerd',
    when: 'usesDocker',
    message: 'the kubelet speaks CRI v1 only, which cri-dockerd has since 0.3.0',
    fix: 'cri-dockerd --version on every worker',
    source: 'kubernetes/kubernetes#110618, Mirantis/cri-dockerd#136',
  },
  {
    minor: '1.26',
    kind: 'check',
    subject: 'runtime',
    when: 'usesExternalRuntime',
    message: 'the kubelet speaks CRI v1 only; a runtime with v1alpha2 alone leaves it in a loop of restarts',
    fix: 'crictl --runtime-endpoint unix://SOCKET version must show RuntimeApiVersion v1 on every worker',
    source: 'kubernetes/kubernetes#110618',
  },
  {
    minor: '1.26',
    kind: 'check',
    subject: 'volumes',
    message: 'the built-in volume drivers of GlusterFS and OpenStack Cinder are gone',
    fix: 'move such volumes to a CSI driver first',
    source: 'CHANGELOG-1.26.md',
  },
  {
    minor: '1.29',
    kind: 'check',
    subject: 'token Secrets',
    message:
      'token Secrets that Kubernetes made by itself before 1.24 and nobody has used for a year become invalid, later are deleted',
    fix: 'kubectl get secrets -A -l kubernetes.io/legacy-token-invalid-since shows those that would be missed',
    source: 'kubernetes/enhancements#2799',
  },
  {
    minor: '1.31',
    kind: 'check',
    subject: 'volumes',
    message: 'the built-in volume drivers of CephFS and Ceph RBD are gone',
    fix: 'move such volumes to ceph-csi first',
    source: 'CHANGELOG-1.31.md',
  },
  {
    minor: '1.32',
    kind: 'check',
    subject: 'node monitoring',
    unlessSet: { component: 'controllerManager', flag: 'node-monitor-grace-period' },
    message: 'a node counts as lost after 50s without a heartbeat, before after 40s',
    fix: 'set node-monitor-grace-period in components.controllerManager.args to keep 40s',
    source: 'kubernetes/kubernetes#126287',
  },
  {
    minor: '1.33',
    kind: 'check',
    subject: 'volumes',
    message: 'volumes of type gitRepo are off by default, and from 1.36 on for good',
    fix: 'clone in an init container instead',
    source: 'kubernetes/enhancements#5040',
  },
  {
    minor: '1.33',
    kind: 'check',
    subject: 'kube-proxy mode',
    when: 'switchesToNftables',
    message:
      'the default mode of kube-proxy becomes nftables: it wants Linux 5.13 and nft 1.0.1, serves node ports on the addresses of the node only (not on 127.0.0.1), and finds rules of the old mode still there',
    fix: 'reboot each worker after the upgrade, or keep the old mode with network.proxy.mode in the inventory',
    source: 'kubernetes/enhancements#3866',
  },
  {
    minor: '1.35',
    kind: 'check',
    subject: 'cgroups',
    unlessSet: { component: 'kubelet', field: 'failCgroupV1' },
    message: 'the kubelet refuses to start on a host with cgroup v1 (failCgroupV1 is true by default)',
    fix: '"stat -fc %T /sys/fs/cgroup" must say cgroup2fs on every worker; failCgroupV1: false in components.kubelet.config gains time',
    source: 'kubernetes/enhancements#5573',
  },
  {
    minor: '1.36',
    kind: 'check',
    subject: 'volumes',
    message: 'pods with a volume of type gitRepo do not start any more, whatever is set',
    fix: 'clone in an init container instead',
    source: 'kubernetes/enhancements#5040',
  },
  {
    minor: '1.37',
    kind: 'check',
    subject: 'containerd',
    when: 'usesContainerd',
    message:
      'the kubelet is announced to ask the runtime for its cgroup driver, which containerd answers since 2.0',
    fix: 'run containerd 2.0 or newer on every worker',
    source: 'kubernetes/enhancements#4033',
  },
];
