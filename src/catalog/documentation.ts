/** Where the official documentation explains a daemon's settings, and which key of the inventory decides a value. */

export interface DocumentationRow {
  /** As the report calls it. */
  readonly name: string;
  readonly url: string;
}

const reference = 'https://kubernetes.io/docs/reference/command-line-tools-reference';
const configApi = 'https://kubernetes.io/docs/reference/config-api';

/** By the daemon's name, or the kind of its configuration file. */
export const documentation: Readonly<Record<string, DocumentationRow>> = {
  'kube-apiserver': { name: 'kube-apiserver', url: `${reference}/kube-apiserver/` },
  'kube-controller-manager': {
    name: 'kube-controller-manager',
    url: `${reference}/kube-controller-manager/`,
  },
  'kube-scheduler': { name: 'kube-scheduler', url: `${reference}/kube-scheduler/` },
  kubelet: { name: 'kubelet', url: `${reference}/kubelet/` },
  'kube-proxy': { name: 'kube-proxy', url: `${reference}/kube-proxy/` },
  KubeletConfiguration: {
    name: 'KubeletConfiguration',
    url: `${configApi}/kubelet-config.v1beta1/#kubelet-config-k8s-io-v1beta1-KubeletConfiguration`,
  },
  KubeProxyConfiguration: {
    name: 'KubeProxyConfiguration',
    url: `${configApi}/kube-proxy-config.v1alpha1/#kubeproxy-config-k8s-io-v1alpha1-KubeProxyConfiguration`,
  },
};

/** The page of etcd's settings; every minor since 3.3 has one of its own. */
export function etcdDocumentation(minor: string): string {
  return `https://etcd.io/docs/v${minor}/op-guide/configuration/`;
}

/** The keys of the inventory behind facts that flags are made of (plan/facts.ts). */
export const inventoryKeyOfFact: Readonly<Record<string, string>> = {
  address: 'hosts[].address',
  apiServerPort: 'endpoint.port',
  certValidityHours: 'pki.certValidityDays',
  clusterName: 'cluster.name',
  dnsDomain: 'cluster.dnsDomain',
  etcdServerUrls: 'hosts[].roles, hosts[].address',
  featureGates: 'kubernetes.featureGates',
  logLevel: 'kubernetes.logLevel',
  nodeAddresses: 'hosts[].address',
  nodeCIDRMaskSize: 'network.nodeCIDRMaskSize',
  nodeCIDRMaskSizeIPv4: 'network.nodeCIDRMaskSize',
  nodeCIDRMaskSizeIPv6: 'network.nodeCIDRMaskSize',
  nodeLabels: 'hosts[].labels',
  nodeName: 'hosts[].name',
  nodePortRange: 'network.nodePortRange',
  nodeTaints: 'hosts[].taints',
  podCIDR: 'network.podCIDR',
  runtimeSocket: 'runtime.socket',
  sandboxImage: 'runtime.sandboxImage',
  serviceCIDR: 'network.serviceCIDR',
};

/** The keys of the inventory behind conditions of rows. */
export const inventoryKeyOfCondition: Readonly<Record<string, string>> = {
  audits: 'security.audit',
  bootstrapsWithToken: 'bootstrap.method',
  bootstrapsWithTokenFile: 'bootstrap.method',
  encryptsAtRest: 'security.encryptionAtRest',
  hasFeatureGates: 'kubernetes.featureGates',
  isDualStack: 'network.serviceCIDR',
  isSingleStack: 'network.serviceCIDR',
  kubeletServingIsSigned: 'bootstrap.method',
  limitsAnonymous: 'kubernetes.version',
  refusesAnonymous: 'endpoint.mode',
};
