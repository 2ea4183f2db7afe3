/**
 * What is so for one host of one cluster: the values that flags are made of, and
 * the conditions that rows of the catalog name in `when`. Derived here once.
 */
import { firstWithoutDockershim, isFrom } from '../catalog/releases.ts';
import { createMemo } from '../lib/memo.ts';
import { compareMinors, parseVersion } from '../lib/version.ts';
import {
  type Cluster,
  type Host,
  hostsWithRole,
  primaryAddress,
  type Role,
  type Taint,
} from '../model/cluster.ts';
import { anyAddress, apiServerPort, etcdServerUrls, isDualStack, isIPv6Cluster } from './endpoints.ts';
import { kubeletLabels } from './node-labels.ts';

export interface Facts {
  /** The minor of Kubernetes: which flags there are. */
  readonly minor: string;
  /** Values of `{name}` in flag rows. */
  readonly text: Readonly<Record<string, string>>;
  /** Conditions of `when`: one and the same object for all hosts that share their roles and these conditions. */
  readonly conditions: Readonly<Record<string, boolean>>;
}

/** The facts about a host. */
export function factsOf(cluster: Cluster, host: Host): Facts {
  const text = { ...clusterTexts(cluster, '', () => clusterText(cluster)), ...hostText(cluster, host) };
  return { minor: cluster.kubernetes.minor, text, conditions: conditionsOf(cluster, host) };
}

const clusterTexts = createMemo<Cluster, Record<string, string>>();
const conditionsOfKinds = createMemo<Cluster, Record<string, boolean>>();

function conditionsOf(cluster: Cluster, host: Host): Record<string, boolean> {
  const own = hostConditions(cluster, host);
  return conditionsOfKinds(cluster, JSON.stringify([host.roles, own]), () => ({
    ...roleConditions(cluster, host.roles),
    ...own,
  }));
}

/** Whether a row with this `when` applies; an unknown condition is a mistake in a table, hence an error. */
export function holds(facts: Facts, when: string | undefined): boolean {
  return conditionHolds(facts.conditions, when);
}

/** The same where only conditions are known. */
export function conditionHolds(conditions: Facts['conditions'], when: string | undefined): boolean {
  if (when === undefined) return true;
  const value = conditions[when];
  if (value === undefined) throw new Error(`no such condition: ${when}`);
  return value;
}

/** The same on every host. */
function clusterText(cluster: Cluster): Record<string, string> {
  const { network } = cluster;
  const { ipv4, ipv6 } = network.nodeCIDRMaskSize;
  return {
    admissionPlugins: admissionPlugins(cluster).join(','),
    anyAddress: anyAddress(cluster),
    apiServerPort: String(apiServerPort(cluster)),
    certValidityHours: String(cluster.pki.certValidityDays * 24),
    clusterName: cluster.name,
    dnsDomain: cluster.dnsDomain,
    featureGates: pairs(cluster.kubernetes.featureGates).join(','),
    logLevel: String(cluster.kubernetes.logLevel),
    nodeCIDRMaskSize: String(isIPv6Cluster(cluster) ? ipv6 : ipv4),
    nodeCIDRMaskSizeIPv4: String(ipv4),
    nodeCIDRMaskSizeIPv6: String(ipv6),
    // Kubernetes' own default (cmd/kube-controller-manager/app/options), written out since audits ask for it.
    nodeMonitorGracePeriod: isFrom(cluster.kubernetes.minor, '1.32') ? '50s' : '40s',
    nodePortRange: `${network.nodePortRange.first}-${network.nodePortRange.last}`,
    podCIDR: network.podCIDRs.map((cidr) => cidr.text).join(','),
    runtimeSocket: cluster.runtime.socket,
    sandboxImage: cluster.runtime.sandboxImage,
    serviceCIDR: network.serviceCIDRs.map((cidr) => cidr.text).join(','),
  };
}

function hostText(cluster: Cluster, host: Host): Record<string, string> {
  return {
    address: primaryAddress(host).text,
    etcdServerUrls: etcdServerUrls(cluster, host).join(','),
    nodeAddresses: nodeAddresses(cluster, host).join(','),
    nodeLabels: kubeletLabels(host).join(','),
    nodeName: host.name,
    nodeTaints: host.taints.map(taintText).join(','),
  };
}

/** Admission plugins beside those that are on by default. */
function admissionPlugins(cluster: Cluster): string[] {
  const { minor } = cluster.kubernetes;
  return [
    'NodeRestriction',
    'EventRateLimit',
    // Added in 1.21, after CVE-2020-8554.
    ...(isFrom(minor, '1.21') ? ['DenyServiceExternalIPs'] : []),
    ...(enforcesPodSecurityPolicy(cluster) ? ['PodSecurityPolicy'] : []),
  ];
}

/** Pod Security admission is on by itself since 1.23 (kubernetes/enhancements#2579); before, policies are objects. */
export const firstWithPodSecurity = '1.23';

/** Whether pods are held to policies that are objects of the cluster. */
export function enforcesPodSecurityPolicy({ security, kubernetes }: Cluster): boolean {
  return security.podSecurity === 'baseline' && !isFrom(kubernetes.minor, firstWithPodSecurity);
}

/** The addresses of a node: one, or in a dual-stack cluster one of each family. */
function nodeAddresses(cluster: Cluster, host: Host): string[] {
  const first = primaryAddress(host);
  const second = host.addresses.find(({ family }) => family !== first.family);
  const addresses = isDualStack(cluster) && second !== undefined ? [first, second] : [first];
  return addresses.map(({ text }) => text);
}

/** Conditions that are the same for every host with these roles. */
export function roleConditions(cluster: Cluster, roles: readonly Role[]): Record<string, boolean> {
  const { method } = cluster.bootstrap;
  const { minor } = cluster.kubernetes;
  const { mode, floating } = cluster.endpoint;
  const floatsOnControlPlanes = mode === 'keepalived';
  const floatsOnLoadBalancers = mode === 'haproxy' && floating !== undefined;
  const runsKeepalived =
    (floatsOnControlPlanes && roles.includes('control-plane')) ||
    (floatsOnLoadBalancers && roles.includes('load-balancer'));
  const usesDocker = cluster.runtime.type === 'docker';
  const usesDockershim = usesDocker && !isFrom(minor, firstWithoutDockershim);
  // KubeletConfiguration has had the field since 1.27 (kubernetes/kubernetes#112136).
  const namesRuntimeInConfig = isFrom(minor, '1.27');
  return {
    audits: cluster.security.audit,
    backsUpEtcd: cluster.etcd.backup !== undefined,
    balancesForItself: mode === 'node-local' && roles.includes('worker') && !roles.includes('control-plane'),
    balancesForOthers: mode === 'haproxy',
    bringsBinaries: cluster.binaries.source !== 'host',
    bootstrapsWithToken: method !== 'signed',
    bootstrapsWithTokenFile: method === 'token-file',
    bootstrapsWithTokenSecret: method === 'token-secret',
    defaultsSeccomp: isFrom(minor, '1.25'),
    // Of TLS 1.3 none can be chosen, and etcd refuses the choice (etcd-io/etcd, embed/config.go).
    choosesEtcdCiphers: cluster.etcd.env.ETCD_TLS_MIN_VERSION !== 'TLS1.3',
    encryptsAtRest: cluster.security.encryptionAtRest,
    enforcesPodSecurity: cluster.security.podSecurity === 'baseline' && isFrom(minor, firstWithPodSecurity),
    enforcesPodSecurityPolicy: enforcesPodSecurityPolicy(cluster),
    findsInterface: runsKeepalived && floating !== undefined && floating.interface === undefined,
    floatsOnControlPlanes,
    floatsOnLoadBalancers,
    hasFeatureGates: Object.keys(cluster.kubernetes.featureGates).length > 0,
    installsCoreDNS: cluster.addons.coredns,
    installsFlannel: cluster.addons.flannel !== undefined,
    // Deprecated since 1.28: the kubelet no longer makes the chains that used them (kubernetes/enhancements#3178).
    hasIptablesBits: !isFrom(minor, '1.28'),
    // KubeletConfiguration has had the field since 1.21.
    hasProfilingSwitch: isFrom(minor, '1.21'),
    // Deprecated since 1.34, with the default that hardway set before.
    hasStreamingIdleTimeout: !isFrom(minor, '1.34'),
    isDualStack: isDualStack(cluster),
    keepsEtcd: cluster.etcd.external === undefined,
    hasApiServersWithoutMember: hostsWithRole(cluster, 'control-plane').some(
      (one) => !one.roles.includes('etcd'),
    ),
    isNotControlPlane: !roles.includes('control-plane'),
    isSingleStack: !isDualStack(cluster),
    isWorker: roles.includes('worker'),
    // Deprecated in 1.23, when standard error had long been the default.
    logsByFlag: !isFrom(minor, '1.23'),
    // 1.27 took the last Amazon code out of the kubelet (kubernetes/kubernetes#116329); its SDK obeys
    // AWS_EC2_METADATA_DISABLED.
    looksForAmazon: !isFrom(minor, '1.27'),
    managesHostsFile: cluster.hostsFile.manage,
    mirrorsRegistries: Object.keys(cluster.runtime.registryMirrors).length > 0,
    namesRuntimeByFlag: !usesDockershim && !namesRuntimeInConfig,
    namesRuntimeInConfig,
    readsSnapshotsWithEtcdutl: compareMinors(parseVersion(cluster.etcd.version)?.minor ?? '3.4', '3.6') >= 0,
    routesPodsByHosts: cluster.addons.flannel?.backend === 'host-gw',
    // From then on a file limits anonymous requests to health checks, see hostConditions.
    refusesAnonymous: mode === 'hosts' && !isFrom(minor, firstWithAnonymousPaths),
    runsKeepalived,
    usesContainerd: cluster.runtime.type === 'containerd',
    usesContainerdWithProxy: cluster.runtime.type === 'containerd' && cluster.runtime.proxy !== undefined,
    usesCriDockerd: usesDocker && !usesDockershim,
    usesDocker,
    usesDockerWithProxy: usesDocker && cluster.runtime.proxy !== undefined,
    usesDockershim,
    usesExternalEtcd: cluster.etcd.external !== undefined,
    usesIpvs: cluster.network.proxy.mode === 'ipvs',
    usesNftables: cluster.network.proxy.mode === 'nftables',
    usesRemoteRuntime: !usesDockershim,
  };
}

/**
 * The first minor in which anonymous requests can be limited to some paths without a feature
 * gate (AnonymousAuthConfigurableEndpoints, kubernetes/enhancements#4633).
 */
const firstWithAnonymousPaths = '1.32';

function hostConditions({ kubernetes }: Cluster, host: Host): Record<string, boolean> {
  // These flags and the file exclude each other: who sets one keeps the flags.
  const ownAuthentication = Object.keys(host.components.apiserver.args).some(
    (flag) => flag === 'anonymous-auth' || flag === 'authentication-config' || flag.startsWith('oidc-'),
  );
  return {
    hasNodeLabels: kubeletLabels(host).length > 0,
    hasNodeTaints: host.taints.length > 0,
    limitsAnonymous: isFrom(kubernetes.minor, firstWithAnonymousPaths) && !ownAuthentication,
  };
}

function pairs(record: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(record).map(([key, value]) => `${key}=${value}`);
}

/** A taint as --register-with-taints wants it: `key=value:effect`, `key=:effect` without a value. */
function taintText(taint: Taint): string {
  return `${taint.key}=${taint.value}:${taint.effect}`;
}
