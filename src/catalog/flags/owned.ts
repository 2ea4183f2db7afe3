/** Flags and fields that hardway sets itself because other files depend on them, and the key that changes them. */
import type { ComponentKey } from '../../model/cluster.ts';
import type { ConfigurableKey } from './flags.ts';

export interface OwnedRow {
  /** The whole name of a flag, or the path of a field. */
  readonly name: RegExp;
  /** The inventory key to use instead; absent where there is none. */
  readonly instead?: string;
  /** null takes it away: no other file needs it, while another value would contradict them. */
  readonly mayGo?: boolean;
  /** A map that holds an owned field: it may get other fields, but may not be removed or replaced. */
  readonly isMap?: boolean;
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
    ...noKey('kubelet-client-.*', 'proxy-client-.*', 'requestheader-client-ca-file'),
    // Kubelets that others brought serve certificates that no authority of this cluster signed.
    { name: /^kubelet-certificate-authority$/, mayGo: true },
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
      'client-ca-file',
      'requestheader-client-ca-file',
    ),
  ],
  scheduler: [
    ...everywhere,
    ...noKey('kubeconfig', '.*-kubeconfig', 'client-ca-file', 'requestheader-client-ca-file'),
  ],
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
    { name: /^authentication\.x509$/, isMap: true },
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

/** Flags without which a component does not start, or is open to everybody: null may not remove them. */
export const indispensableFlags: Readonly<Partial<Record<ComponentKey, readonly string[]>>> = {
  apiserver: [
    'authorization-mode',
    'enable-admission-plugins',
    // EventRateLimit does not start without its limits.
    'admission-control-config-file',
    'service-account-issuer',
  ],
  controllerManager: ['use-service-account-credentials'],
};

export interface WeakRow {
  readonly component: ComponentKey;
  /** A flag, or the path of a field of the component's configuration. */
  readonly flag?: string;
  readonly field?: readonly string[];
  readonly isWeak: (value: string) => boolean;
  readonly why: string;
}

const holds = (list: string, item: string) => list.split(',').includes(item);

/** Values that open a door which is shut by default. */
export const weakSettings: readonly WeakRow[] = [
  {
    component: 'apiserver',
    flag: 'authorization-mode',
    isWeak: (value) => holds(value, 'AlwaysAllow') || !holds(value, 'RBAC') || !holds(value, 'Node'),
    why: 'without Node and RBAC, or with AlwaysAllow, everybody with a certificate may do everything',
  },
  {
    component: 'apiserver',
    flag: 'enable-admission-plugins',
    isWeak: (value) => !holds(value, 'NodeRestriction'),
    why: 'without NodeRestriction a kubelet may change other nodes and their pods',
  },
  {
    component: 'apiserver',
    flag: 'insecure-port',
    isWeak: (value) => value !== '0',
    why: 'since 1.20 only 0 is allowed, and kube-apiserver does not start with anything else',
  },
  {
    component: 'kubelet',
    field: ['authentication', 'anonymous', 'enabled'],
    isWeak: (value) => value === 'true',
    why: 'everybody who reaches port 10250 is let in',
  },
  {
    component: 'kubelet',
    field: ['authorization', 'mode'],
    isWeak: (value) => value === 'AlwaysAllow',
    why: 'everybody who is let in may run commands in every pod',
  },
  {
    component: 'kubelet',
    field: ['readOnlyPort'],
    isWeak: (value) => value !== '0',
    why: 'the port shows pods and their environment to everybody, without TLS',
  },
];
