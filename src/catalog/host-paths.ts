/** Paths that no bundle brings and that daemons may name all the same: who puts them there. */

export interface HostPathRow {
  readonly path: string;
  readonly by: string;
  /** Whether it stands for all that is below it too. */
  readonly isTree?: boolean;
}

export const hostPaths: readonly HostPathRow[] = [
  { path: '/bin/kill', by: 'the distribution' },
  { path: '/bin/sh', by: 'the distribution' },
  { path: '/etc/resolv.conf', by: 'the distribution' },
  { path: '/etc/cni/net.d', by: 'the network plugin' },
  { path: '/opt/cni/bin', by: 'the operator, see catalog/requirements.ts', isTree: true },
  { path: '/run', by: 'daemons while they run', isTree: true },
  { path: '/var/run', by: 'daemons while they run', isTree: true },
  { path: '/var/lib/containerd', by: 'containerd', isTree: true },
  { path: '/var/lib/docker', by: 'Docker', isTree: true },
  { path: '/var/log', by: 'the distribution' },
];

/** Flags that name what a daemon makes itself: the folder above must be there. */
export const writtenFlags: readonly string[] = [
  'audit-log-path',
  'cert-dir',
  'flex-volume-plugin-dir',
  'log-dir',
  'log-file',
  'root-dir',
  'volume-plugin-dir',
];

/** Flags whose value begins with a slash and is no path on the host. */
export const notPathFlags: readonly string[] = [
  'authorization-always-allow-paths',
  'cgroup-root',
  'cors-allowed-origins',
  'etcd-prefix',
  'kube-reserved-cgroup',
  'kubelet-cgroups',
  'runtime-cgroups',
  'system-cgroups',
  'system-reserved-cgroup',
];

/** Fields of configuration files of which the same is true. */
export const notPathFields: readonly string[] = [
  'cgroupRoot',
  'kubeReservedCgroup',
  'kubeletCgroups',
  'systemCgroups',
  'systemReservedCgroup',
];

/** Fields and variables that hardway writes with paths; what others name is the user's own, and the user's to bring. */
export const ownPathFields: readonly string[] = [
  'authentication.x509.clientCAFile',
  'tlsCertFile',
  'tlsPrivateKeyFile',
  'resolvConf',
  'containerRuntimeEndpoint',
  'imageServiceEndpoint',
  'clientConnection.kubeconfig',
];
export const ownPathVariables = /^ETCD_(?:DATA_DIR|(?:PEER_)?(?:CERT|KEY|TRUSTED_CA)_FILE)$/;
