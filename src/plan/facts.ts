/**
 * What is so for one host of one cluster: the values that flags are made of, and
 * the conditions that rows of the catalog name in `when`. Derived here once.
 */
import { type Cluster, type Host, primaryAddress, type Role, type Taint } from '../model/cluster.ts';
import { anyAddress, apiServerPort, etcdClientUrls, isIPv6Cluster } from './endpoints.ts';

export interface Facts {
  /** Values of `{name}` in flag rows. */
  readonly text: Readonly<Record<string, string>>;
  /** Conditions of `when`. */
  readonly conditions: Readonly<Record<string, boolean>>;
}

/** The facts about a host. */
export function factsOf(cluster: Cluster, host: Host): Facts {
  const conditions = { ...roleConditions(cluster, host.roles), ...hostConditions(host) };
  return { text: textFacts(cluster, host), conditions };
}

/** Whether a row with this `when` applies; an unknown condition is a mistake in a table, hence an error. */
export function holds(facts: Facts, when: string | undefined): boolean {
  if (when === undefined) return true;
  const value = facts.conditions[when];
  if (value === undefined) throw new Error(`no such condition: ${when}`);
  return value;
}

function textFacts(cluster: Cluster, host: Host): Record<string, string> {
  const { network } = cluster;
  const maskSize = isIPv6Cluster(cluster) ? network.nodeCIDRMaskSize.ipv6 : network.nodeCIDRMaskSize.ipv4;
  return {
    address: primaryAddress(host).text,
    anyAddress: anyAddress(cluster),
    apiServerPort: String(apiServerPort(cluster)),
    certValidityHours: String(cluster.pki.certValidityDays * 24),
    clusterName: cluster.name,
    dnsDomain: cluster.dnsDomain,
    etcdClientUrls: etcdClientUrls(cluster).join(','),
    featureGates: pairs(cluster.kubernetes.featureGates).join(','),
    logLevel: String(cluster.kubernetes.logLevel),
    nodeCIDRMaskSize: String(maskSize),
    nodeLabels: pairs(host.labels).join(','),
    nodeName: host.name,
    nodePortRange: `${network.nodePortRange.first}-${network.nodePortRange.last}`,
    nodeTaints: host.taints.map(taintText).join(','),
    podCIDR: network.podCIDRs.map((cidr) => cidr.text).join(','),
    runtimeSocket: cluster.runtime.socket,
    sandboxImage: cluster.runtime.sandboxImage,
    serviceCIDR: network.serviceCIDRs.map((cidr) => cidr.text).join(','),
  };
}

/** Conditions that are the same for every host with these roles. */
export function roleConditions(cluster: Cluster, roles: readonly Role[]): Record<string, boolean> {
  const { method } = cluster.bootstrap;
  const { mode, floating } = cluster.endpoint;
  const floatsOnControlPlanes = mode === 'keepalived';
  const floatsOnLoadBalancers = mode === 'haproxy' && floating !== undefined;
  const runsKeepalived =
    (floatsOnControlPlanes && roles.includes('control-plane')) ||
    (floatsOnLoadBalancers && roles.includes('load-balancer'));
  const usesDocker = cluster.runtime.type === 'docker';
  return {
    audits: cluster.security.audit,
    balancesForItself: mode === 'node-local' && roles.includes('worker') && !roles.includes('control-plane'),
    balancesForOthers: mode === 'haproxy',
    bootstrapsWithToken: method !== 'signed',
    bootstrapsWithTokenFile: method === 'token-file',
    bootstrapsWithTokenSecret: method === 'token-secret',
    encryptsAtRest: cluster.security.encryptionAtRest,
    findsInterface: runsKeepalived && floating !== undefined && floating.interface === undefined,
    floatsOnControlPlanes,
    floatsOnLoadBalancers,
    hasFeatureGates: Object.keys(cluster.kubernetes.featureGates).length > 0,
    installsCoreDNS: cluster.addons.coredns,
    installsFlannel: cluster.addons.flannel,
    isNotControlPlane: !roles.includes('control-plane'),
    isWorker: roles.includes('worker'),
    kubeletServingIsSigned: method === 'signed',
    managesHostsFile: cluster.hostsFile.manage,
    runsKeepalived,
    usesContainerd: cluster.runtime.type === 'containerd',
    usesContainerdWithProxy: cluster.runtime.type === 'containerd' && cluster.runtime.proxy !== undefined,
    usesDocker,
    usesDockerWithProxy: usesDocker && cluster.runtime.proxy !== undefined,
    usesDockershim: usesDocker,
    usesIpvs: cluster.network.proxy.mode === 'ipvs',
    usesRemoteRuntime: !usesDocker,
  };
}

function hostConditions(host: Host): Record<string, boolean> {
  return { hasNodeLabels: Object.keys(host.labels).length > 0, hasNodeTaints: host.taints.length > 0 };
}

function pairs(record: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(record).map(([key, value]) => `${key}=${value}`);
}

/** A taint as --register-with-taints wants it: `key=value:effect`, `key=:effect` without a value. */
function taintText(taint: Taint): string {
  return `${taint.key}=${taint.value}:${taint.effect}`;
}
