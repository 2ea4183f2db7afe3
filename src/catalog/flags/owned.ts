/** Flags and fields that hardway sets itself because other files depend on them, and the key that changes them. */
import type { ComponentKey } from '../../model/cluster.ts';
import type { ConfigurableKey } from './flags.ts';

export interface OwnedRow {
  /** The whole name of a flag, or the path of a field. */
  readonly name: RegExp;
  /** The inventory key to use instead; absent where there is none. */
  readonly instead?: string;
}

const noKey = (...names: string[]): OwnedRow[] =>
  names.map((name) => ({ name: new RegExp(`^(?:${name})$`) }));
const useKey = (instead: string, ...names: string[]): OwnedRow[] =>
  names.map((name) => ({ name: new RegExp(`^(?:${name})$`), instead }));

const everywhere = useKey('kubernetes.featureGates', 'feature-gates');

export const ownedFlags: Readonly<Record<ComponentKey, readonly OwnedRow[]>> = {
  apiserver: [
    ...everywhere,
    ...useKey('the hosts with the role etcd', 'etcd-servers'),
    ...useKey('network.serviceCIDR', 'service-cluster-ip-range'),
    ...useKey('network.nodePortRange', 'service-node-port-range'),
    ...useKey('endpoint.port', 'secure-port'),
    ...useKey('hosts[].address', 'advertise-address'),
    ...useKey('bootstrap.method', 'token-auth-file', 'enable-bootstrap-token-auth'),
    ...useKey('security.encryptionAtRest', 'encryption-provider-config'),
    ...useKey('pki', 'tls-cert-file', 'tls-private-key-file'),
    // The addons are applied over loopback, and the unit may write in one folder for logs only.
    ...noKey('bind-address', 'audit-log-path'),
    ...noKey('etcd-.*file', 'tls-sni-cert-key', 'client-ca-file', 'service-account-.*key-file', 'cert-dir'),
    ...noKey(
      'kubelet-client-.*',
      'kubelet-certificate-authority',
      'proxy-client-.*',
      'requestheader-client-ca-file',
    ),
  ],
  controllerManager: [
    ...everywhere,
    ...useKey('network.podCIDR', 'cluster-cidr'),
    ...useKey('network.serviceCIDR', 'service-cluster-ip-range'),
    ...useKey('network.nodeCIDRMaskSize', 'node-cidr-mask-size.*'),
    ...useKey('cluster.name', 'cluster-name'),
    ...noKey(
      'kubeconfig',
      '.*-kubeconfig',
      'cluster-signing-.*file',
      'root-ca-file',
      'service-account-private-key-file',
    ),
  ],
  scheduler: [...everywhere, ...noKey('kubeconfig', '.*-kubeconfig')],
  kubelet: [
    ...everywhere,
    ...useKey('components.kubelet.config', 'config'),
    ...useKey('hosts[].name', 'hostname-override'),
    ...useKey('hosts[].address', 'node-ip'),
    ...useKey('runtime.socket', 'container-runtime-endpoint', 'image-service-endpoint'),
    ...useKey('runtime.type', 'container-runtime'),
    ...useKey('runtime.sandboxImage', 'pod-infra-container-image'),
    ...useKey('runtime.cgroupDriver', 'cgroup-driver'),
    ...useKey('network.clusterDNS', 'cluster-dns'),
    ...useKey('cluster.dnsDomain', 'cluster-domain'),
    ...useKey('hosts[].labels', 'node-labels'),
    ...useKey('hosts[].taints', 'register-with-taints'),
    ...noKey('kubeconfig', 'bootstrap-kubeconfig', 'client-ca-file', 'tls-cert-file', 'tls-private-key-file'),
  ],
  proxy: [
    ...everywhere,
    ...useKey('components.proxy.config', 'config'),
    ...useKey('hosts[].name', 'hostname-override'),
    ...useKey('network.proxy.mode', 'proxy-mode'),
    ...useKey('network.proxy.ipvsScheduler', 'ipvs-scheduler'),
    ...useKey('network.podCIDR', 'cluster-cidr'),
    ...noKey('kubeconfig'),
  ],
};

export const ownedFields: Readonly<Record<ConfigurableKey, readonly OwnedRow[]>> = {
  kubelet: [
    ...useKey('network.clusterDNS', 'clusterDNS'),
    ...useKey('cluster.dnsDomain', 'clusterDomain'),
    ...useKey('runtime.cgroupDriver', 'cgroupDriver'),
    ...useKey('runtime.socket', 'containerRuntimeEndpoint', 'imageServiceEndpoint'),
    ...useKey('kubernetes.featureGates', 'featureGates'),
    ...useKey('hosts[].taints', 'registerWithTaints'),
    ...noKey('authentication\\.x509\\.clientCAFile', 'tlsCertFile', 'tlsPrivateKeyFile'),
  ],
  proxy: [
    ...useKey('network.proxy.mode', 'mode'),
    ...useKey('network.podCIDR', 'clusterCIDR'),
    ...useKey('hosts[].name', 'hostnameOverride'),
    ...useKey('network.proxy.ipvsScheduler', 'ipvs\\.scheduler'),
    ...useKey('kubernetes.featureGates', 'featureGates'),
    ...noKey('clientConnection\\.kubeconfig'),
  ],
};
