/**
 * Values that flags and fields accept where their type does not say it: words to choose from,
 * by minor, and forms of text. From the validation of each binary; a word without `since` is
 * as old as its flag. Words for other operating systems than Linux are left out.
 */
import type { ComponentKey } from '../../model/cluster.ts';
import type { ConfigurableKey, Lifetime } from './flags.ts';

/** Words to choose from, and from when until when a minor takes each. */
export type Choices = Readonly<Record<string, Partial<Lifetime>>>;

const words = (...names: readonly string[]): Choices => Object.fromEntries(names.map((name) => [name, {}]));

const authorizers: Choices = {
  ...words('AlwaysAllow', 'AlwaysDeny', 'ABAC', 'Webhook', 'RBAC', 'Node'),
};
// Drivers for cloud providers left the tree one by one; 1.31 removed the rest.
const cloudProviders: Choices = {
  ...words('', 'external'),
  aws: { removed: '1.27' },
  azure: { removed: '1.31' },
  gce: { removed: '1.31' },
  openstack: { removed: '1.26' },
  vsphere: { removed: '1.31' },
};
const locks: Choices = {
  ...words('leases'),
  endpoints: { removed: '1.24' },
  configmaps: { removed: '1.24' },
  endpointsleases: { removed: '1.28' },
  configmapsleases: { removed: '1.28' },
};
const tlsVersions = words('VersionTLS10', 'VersionTLS11', 'VersionTLS12', 'VersionTLS13');
const logFormats = words('', 'text', 'json');
const auditModes = words('batch', 'blocking', 'blocking-strict');
const auditVersions: Choices = {
  ...words('audit.k8s.io/v1'),
  'audit.k8s.io/v1alpha1': { removed: '1.24' },
  'audit.k8s.io/v1beta1': { removed: '1.24' },
};
const proxyModes: Choices = {
  ...words('', 'iptables', 'ipvs'),
  userspace: { removed: '1.26' },
  nftables: { since: '1.29' },
};
const localModes: Choices = {
  ...words('', 'ClusterCIDR', 'NodeCIDR'),
  BridgeInterface: { since: '1.24' },
  InterfaceNamePrefix: { since: '1.24' },
};
const kubeletAuthorization = words('', 'AlwaysAllow', 'Webhook');
const hairpinModes = words('', 'promiscuous-bridge', 'hairpin-veth', 'none');
const cpuPolicies = words('', 'none', 'static');
const memoryPolicies = words('', 'None', 'Static');
const topologyPolicies = words('', 'none', 'best-effort', 'restricted', 'single-numa-node');
const topologyScopes = words('', 'container', 'pod');
const allocatable: Choices = {
  ...words('', 'none', 'pods', 'system-reserved', 'kube-reserved'),
  'system-reserved-compressible': { since: '1.32' },
  'kube-reserved-compressible': { since: '1.32' },
};

const common = {
  'logging-format': { choices: logFormats },
  'tls-min-version': { choices: tlsVersions },
};
const election = { 'leader-elect-resource-lock': { choices: locks } };

/** `isList`: the value is several of them with commas between. */
export interface ChoiceRow {
  readonly choices: Choices;
  readonly isList?: boolean;
}

export const flagChoices: Readonly<Record<ComponentKey, Readonly<Record<string, ChoiceRow>>>> = {
  apiserver: {
    ...common,
    'audit-log-format': { choices: words('legacy', 'json') },
    'audit-log-mode': { choices: auditModes },
    'audit-log-version': { choices: auditVersions },
    'audit-webhook-mode': { choices: auditModes },
    'audit-webhook-version': { choices: auditVersions },
    'authorization-mode': { choices: authorizers, isList: true },
    'cloud-provider': { choices: cloudProviders },
    'kubelet-preferred-address-types': {
      choices: words('Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'),
      isList: true,
    },
    'storage-backend': { choices: words('', 'etcd3') },
  },
  controllerManager: { ...common, ...election, 'cloud-provider': { choices: cloudProviders } },
  scheduler: { ...common, ...election },
  kubelet: {
    ...common,
    'authorization-mode': { choices: kubeletAuthorization },
    'cgroup-driver': { choices: words('cgroupfs', 'systemd') },
    'cloud-provider': { choices: cloudProviders },
    'container-runtime': { choices: { ...words('remote'), docker: { removed: '1.24' } } },
    'cpu-manager-policy': { choices: cpuPolicies },
    'enforce-node-allocatable': { choices: allocatable, isList: true },
    'hairpin-mode': { choices: hairpinModes },
    'memory-manager-policy': { choices: memoryPolicies },
    'topology-manager-policy': { choices: topologyPolicies },
    'topology-manager-scope': { choices: topologyScopes },
  },
  proxy: {
    'logging-format': { choices: logFormats },
    'detect-local-mode': { choices: localModes },
    'proxy-mode': { choices: proxyModes },
  },
};

/** Words of Go types. */
export const typeChoices: Readonly<Record<string, Choices>> = {
  ImagePullCredentialsVerificationPolicy: words(
    '',
    'NeverVerify',
    'NeverVerifyPreloadedImages',
    'NeverVerifyAllowlistedImages',
    'AlwaysVerify',
  ),
  KubeletAuthorizationMode: kubeletAuthorization,
  LocalMode: localModes,
  ProxyMode: proxyModes,
  ResourceChangeDetectionStrategy: words('', 'Get', 'Cache', 'Watch'),
};

/** Words of fields that upstream declares as plain text, by the field's path. */
export const fieldChoices: Readonly<Record<ConfigurableKey, Readonly<Record<string, Choices>>>> = {
  kubelet: {
    cgroupDriver: words('', 'cgroupfs', 'systemd'),
    cpuManagerPolicy: cpuPolicies,
    enforceNodeAllocatable: allocatable,
    hairpinMode: hairpinModes,
    'logging.format': logFormats,
    memoryManagerPolicy: memoryPolicies,
    'memorySwap.swapBehavior': {
      ...words('', 'LimitedSwap'),
      UnlimitedSwap: { removed: '1.30' },
      NoSwap: { since: '1.30' },
    },
    'registerWithTaints.effect': words('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
    tlsMinVersion: { ...words(''), ...tlsVersions },
    topologyManagerPolicy: topologyPolicies,
    topologyManagerScope: topologyScopes,
  },
  proxy: { 'logging.format': logFormats },
};

/** Words of etcd's variables, by flag. */
export const etcdChoices: Readonly<Record<string, Choices>> = {
  'auto-compaction-mode': words('periodic', 'revision'),
  'backend-bbolt-freelist-type': words('array', 'map'),
  'experimental-backend-bbolt-freelist-type': words('array', 'map'),
  'log-format': words('json', 'console'),
  'log-level': words('debug', 'info', 'warn', 'error', 'panic', 'fatal'),
  logger: { ...words('zap'), capnslog: { removed: '3.5' } },
  metrics: words('basic', 'extensive'),
};

/** Forms of flags that `--help` calls text or a list, as type words of lint/values.ts. */
export const flagForms: Readonly<Record<ComponentKey, Readonly<Record<string, string>>>> = {
  apiserver: { 'etcd-servers': 'urls', 'service-cluster-ip-range': 'cidrs', 'runtime-config': 'text' },
  controllerManager: { 'cluster-cidr': 'cidrs', 'service-cluster-ip-range': 'cidrs' },
  scheduler: {},
  kubelet: { 'cluster-dns': 'ips', 'node-ip': 'ips', 'pod-cidr': 'cidrs', 'node-labels': 'text' },
  proxy: { 'cluster-cidr': 'cidrs', 'ipvs-exclude-cidrs': 'cidrs' },
};
