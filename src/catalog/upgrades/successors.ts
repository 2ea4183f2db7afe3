/**
 * What to do instead of a flag that a minor deprecates or no longer has. When it goes
 * stands in ../flags/flags.json; here is only what that table cannot say. From the release
 * notes (CHANGELOG-1.21.md to CHANGELOG-1.35.md) and the help text of the flags.
 */
import type { ComponentKey } from '../../model/cluster.ts';

/** klog's own flags, deprecated in 1.23 and gone in 1.26 (kubernetes/enhancements#2845). */
const logFlags = Object.fromEntries(
  [
    'add-dir-header',
    'alsologtostderr',
    'log-backtrace-at',
    'log-dir',
    'log-file',
    'log-file-max-size',
    'logtostderr',
    'one-output',
    'skip-headers',
    'skip-log-headers',
    'stderrthreshold',
  ].map((flag) => [flag, 'logs go to standard error, which the journal keeps']),
);

const inSchedulerConfig = 'use a KubeSchedulerConfiguration with --config';
const inContainerd = "set it in the runtime's own configuration";
const insecurePort = 'there is no port without TLS any more; use --secure-port and --bind-address';
const inTreeCloud = 'run an external cloud-controller-manager';

/** Successors by component and flag: a clause that can follow "it is gone". */
export const successors: Readonly<Record<ComponentKey, Readonly<Record<string, string>>>> = {
  apiserver: {
    ...logFlags,
    address: insecurePort,
    'admission-control': 'use --enable-admission-plugins and --disable-admission-plugins',
    'cloud-config': inTreeCloud,
    'cloud-provider': inTreeCloud,
    'experimental-encryption-provider-config': 'use --encryption-provider-config',
    'insecure-bind-address': insecurePort,
    'insecure-port': insecurePort,
    'kubelet-https': 'connections to kubelets always use TLS',
    port: insecurePort,
    'service-account-api-audiences': 'use --api-audiences',
    'target-ram-mb': 'use --watch-cache-sizes',
  },
  controllerManager: {
    ...logFlags,
    address: insecurePort,
    'enable-taint-manager': 'taints always evict; use tolerationSeconds in pods',
    'experimental-cluster-signing-duration': 'use --cluster-signing-duration',
    'horizontal-pod-autoscaler-downscale-delay':
      'use --horizontal-pod-autoscaler-downscale-stabilization, or behavior in the autoscaler',
    'horizontal-pod-autoscaler-upscale-delay': 'use behavior.scaleUp in the autoscaler',
    'pod-eviction-timeout':
      'use --default-not-ready-toleration-seconds and --default-unreachable-toleration-seconds of kube-apiserver',
    port: insecurePort,
  },
  scheduler: {
    ...logFlags,
    address: insecurePort,
    'algorithm-provider': inSchedulerConfig,
    'hard-pod-affinity-symmetric-weight': inSchedulerConfig,
    'lock-object-name': 'use --leader-elect-resource-name',
    'lock-object-namespace': 'use --leader-elect-resource-namespace',
    'policy-config-file': inSchedulerConfig,
    'policy-configmap': inSchedulerConfig,
    'policy-configmap-namespace': inSchedulerConfig,
    port: insecurePort,
    'scheduler-name': inSchedulerConfig,
    'use-legacy-policy-config': inSchedulerConfig,
  },
  kubelet: {
    ...logFlags,
    'cni-bin-dir': inContainerd,
    'cni-cache-dir': inContainerd,
    'cni-conf-dir': inContainerd,
    'container-runtime': 'every runtime is remote; only the endpoint is named',
    'docker-endpoint': 'cri-dockerd has a flag of this name',
    'dynamic-config-dir': 'change the configuration file and restart the kubelet',
    'experimental-bootstrap-kubeconfig': 'use --bootstrap-kubeconfig',
    'experimental-kernel-memcg-notification':
      'use the field kernelMemcgNotification in components.kubelet.config',
    'image-pull-progress-deadline': inContainerd,
    'iptables-drop-bit': 'the kubelet makes no such rules any more',
    'iptables-masquerade-bit': 'the kubelet makes no such rules any more',
    'network-plugin': 'the runtime calls CNI itself',
    'network-plugin-mtu': 'set the MTU in the CNI configuration',
    'non-masquerade-cidr': 'it belonged to dockershim',
    'pod-infra-container-image': 'the runtime names and pins its sandbox image',
    'register-schedulable': 'use --register-with-taints, in the inventory hosts[].taints',
    'seccomp-profile-root': 'profiles lie in seccomp/ below --root-dir',
  },
  proxy: {
    ...logFlags,
    'cleanup-ipvs': 'use --cleanup',
    'proxy-port-range': 'it has had no effect since the mode userspace went',
    'udp-timeout': 'it belonged to the mode userspace',
  },
};

export interface RemovedValueRow {
  readonly components: readonly ComponentKey[];
  readonly flag: string;
  /** The minor from which on the component does not start with such a value. */
  readonly from: string;
  readonly isRemoved: (value: string) => boolean;
  readonly instead: string;
}

const isOneOf =
  (...words: readonly string[]) =>
  (value: string) =>
    words.includes(value);

/** Flags that stay, but no longer take every value. */
export const removedValues: readonly RemovedValueRow[] = [
  {
    components: ['controllerManager', 'scheduler'],
    flag: 'leader-elect-resource-lock',
    from: '1.24',
    isRemoved: isOneOf('endpoints', 'configmaps'),
    instead: 'delete the line: leases is the default',
  },
  {
    components: ['controllerManager', 'scheduler'],
    flag: 'leader-elect-resource-lock',
    from: '1.28',
    isRemoved: isOneOf('endpointsleases', 'configmapsleases'),
    instead: 'delete the line: leases is the default',
  },
  {
    components: ['apiserver', 'controllerManager', 'kubelet'],
    flag: 'cloud-provider',
    from: '1.31',
    isRemoved: (value) => value !== '' && value !== 'external',
    instead: 'write "external" and run a cloud-controller-manager, or delete the line',
  },
];
