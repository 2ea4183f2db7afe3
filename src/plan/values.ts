/** What a template may see for one host, spelled out: plain data, no secrets. */
import { flannelOf } from '../catalog/addons.ts';
import { components } from '../catalog/components.ts';
import { controlPlaneTaints } from '../catalog/node-labels.ts';
import * as paths from '../catalog/paths.ts';
import { corednsImageOf, isFrom } from '../catalog/releases.ts';
import { httpsUrl } from '../lib/endpoint.ts';
import { type Address, parseAddress, urlHost } from '../lib/ip.ts';
import { createMemo } from '../lib/memo.ts';
import { rememberedByObject } from '../lib/remember.ts';
import { parseVersion } from '../lib/version.ts';
import { type Cluster, type Host, hostsWithRole, primaryAddress, type Role } from '../model/cluster.ts';
import type { HostPlan, TemplateValues } from '../model/plan.ts';
import { endpointTargets, floatingValues, sharedBalancerValues } from './balancing.ts';
import { anyAddress, apiServerPort, etcdClientPort, etcdClientUrl, etcdPeerUrl } from './endpoints.ts';
import { type Facts, roleConditions } from './facts.ts';
import { componentVariables, sharedDefaults } from './flags.ts';
import { controlPlaneLabels } from './node-labels.ts';
import { dockerMirrors } from './registries.ts';
import { runtimeUnitsOf } from './runtime.ts';

/** Everything that the templates of a host read. */
export function valuesOf(
  cluster: Cluster,
  host: Host,
  facts: Facts,
  modules: readonly { readonly name: string; readonly need: string }[],
): HostPlan['values'] {
  const shared = sharedByRoles(cluster, host.roles.join(), () =>
    sharedValues(cluster, host.roles, facts, modules),
  );
  return { shared, own: ownValues(cluster, host, facts) };
}

const sharedByRoles = createMemo<Cluster, TemplateValues>();

/** The same for every host with these roles. */
function sharedValues(
  cluster: Cluster,
  roles: readonly Role[],
  facts: Facts,
  modules: readonly { readonly name: string; readonly need: string }[],
): TemplateValues {
  return {
    is: roleConditions(cluster, roles),
    cluster: { name: cluster.name, dnsDomain: cluster.dnsDomain },
    paths: { ...paths },
    binaryDir: cluster.binaries.dir,
    sharedVariables: sharedDefaults(components, facts),
    apiServer: {
      port: apiServerPort(cluster),
      needsLowPort: apiServerPort(cluster) < 1024,
      authenticationApiVersion: authenticationApiVersion(cluster),
      podSecurityApiVersion: podSecurityApiVersion(cluster),
      loopbackUrl: httpsUrl('127.0.0.1', apiServerPort(cluster)),
    },
    balancer: sharedBalancerValues(cluster),
    network: networkValues(cluster),
    kubelet: {
      cgroupDriver: cluster.runtime.cgroupDriver,
      featureGates: cluster.kubernetes.featureGates,
      clusterDNS: cluster.network.clusterDNS.map((address) => address.text),
    },
    runtime: runtimeValues(cluster),
    addons: addonValues(cluster),
    // Grows with the cluster: on control planes only.
    nodeLabels: roles.includes('control-plane') ? controlPlaneLabels(cluster) : [],
    bootstrap: { tokenTTLSeconds: cluster.bootstrap.tokenTTLSeconds },
    modules: modules.filter((module) => module.need === 'required').map((module) => module.name),
  };
}

/** AuthenticationConfiguration is v1 since 1.34 (kubernetes/enhancements#3331). */
function authenticationApiVersion({ kubernetes }: Cluster): string {
  return `apiserver.config.k8s.io/${isFrom(kubernetes.minor, '1.34') ? 'v1' : 'v1beta1'}`;
}

/** PodSecurityConfiguration is v1 since 1.25 (kubernetes/enhancements#2579). */
function podSecurityApiVersion({ kubernetes }: Cluster): string {
  return `pod-security.admission.config.k8s.io/${isFrom(kubernetes.minor, '1.25') ? 'v1' : 'v1beta1'}`;
}

/** This host's alone. */
function ownValues(cluster: Cluster, host: Host, facts: Facts): TemplateValues {
  return {
    host: { name: host.name, address: primaryAddress(host).text },
    floating: floatingValues(cluster, host),
    variables: variablesOf(host, facts),
    etcd: etcdValues(cluster, host),
    noProxy: noProxyOf(cluster, host),
    hostsFileLines: hostsFileLines(cluster, host),
  };
}

function variablesOf(host: Host, facts: Facts): TemplateValues {
  const rows = components.filter((component) => host.roles.includes(component.role));
  const own = rows.map((row) => {
    const { own, overrides } = componentVariables(row, facts, host.components[row.key]);
    const list = Object.entries(overrides).map(([name, words]) => ({ name, words }));
    return [row.key, { ...own, overrides: list }] as const;
  });
  return Object.fromEntries(own);
}

function etcdValues(cluster: Cluster, host: Host): TemplateValues {
  const loopbackUrl = httpsUrl('127.0.0.1', etcdClientPort);
  return {
    name: host.name,
    dataDir: cluster.etcd.dataDir,
    clientPort: etcdClientPort,
    clusterToken: cluster.etcd.clusterToken,
    peerUrl: etcdPeerUrl(host),
    clientUrl: etcdClientUrl(host),
    loopbackUrl,
    listenClientUrls: [etcdClientUrl(host), loopbackUrl].join(','),
    initialCluster: initialClusters(cluster, '', () => initialCluster(cluster)),
    // etcd 3.4 starts on arm64 only when told that the platform is unsupported (etcd-io/etcd, etcdmain/etcd.go).
    isUnsupportedArch: host.arch === 'arm64' && parseVersion(cluster.etcd.version)?.minor === '3.4',
    env: Object.entries(cluster.etcd.env).map(([name, value]) => ({ name, value })),
    // Read by files that are there only with a backup.
    backup: cluster.etcd.backup ?? {},
  };
}

const initialClusters = createMemo<Cluster, string>();

function initialCluster(cluster: Cluster): string {
  const members = hostsWithRole(cluster, 'etcd');
  return members.map((member) => `${member.name}=${etcdPeerUrl(member)}`).join(',');
}

function networkValues(cluster: Cluster): TemplateValues {
  const { network } = cluster;
  const any = anyAddress(cluster);
  const podCIDROf = (family: string) => network.podCIDRs.find((cidr) => cidr.family === family)?.text ?? '';
  return {
    anyAddress: any,
    healthzBindAddress: `${urlHost(any)}:10256`,
    podCIDR: network.podCIDRs.map((cidr) => cidr.text).join(','),
    podCIDRv4: podCIDROf('ipv4'),
    podCIDRv6: podCIDROf('ipv6'),
    hasIPv4Pods: network.podCIDRs.some((cidr) => cidr.family === 'ipv4'),
    hasIPv6Pods: network.podCIDRs.some((cidr) => cidr.family === 'ipv6'),
    dnsServiceAddress: network.clusterDNS[0]?.text ?? '',
    proxyMode: network.proxy.mode,
    ipvsScheduler: network.proxy.ipvsScheduler,
  };
}

function addonValues({ addons, kubernetes: { minor } }: Cluster): TemplateValues {
  const { image, pluginImage } = flannelOf(minor);
  return {
    corednsImage: corednsImageOf(minor),
    controlPlaneTaints: controlPlaneTaints(minor),
    // The last is read by a file that is there only with flannel.
    flannel: { image, pluginImage, directRouting: addons.flannel?.directRouting ?? false },
  };
}

function runtimeValues(cluster: Cluster): TemplateValues {
  const { runtime } = cluster;
  return {
    units: runtimeUnitsOf(cluster),
    socket: runtime.socket,
    endpoint: `unix://${runtime.socket}`,
    dockerMirrors: dockerMirrors(cluster),
    sandboxImage: runtime.sandboxImage,
    usesSystemdCgroup: runtime.cgroupDriver === 'systemd',
    cgroupDriver: runtime.cgroupDriver,
  };
}

/** What the runtime reaches without the proxy: the inventory's entries, then the cluster's own. */
function noProxyOf(cluster: Cluster, host: Host): string {
  const { runtime, network, domain } = cluster;
  if (runtime.proxy === undefined) return '';
  const own = [
    'localhost',
    '127.0.0.0/8',
    ...[...network.serviceCIDRs, ...network.podCIDRs].map((cidr) => cidr.text),
    ...hostsNamedOn(cluster, host).flatMap((member) => member.addresses.map((address) => address.text)),
    cluster.endpoint.host,
    ...(cluster.endpoint.floating === undefined ? [] : [cluster.endpoint.floating.vip.text]),
    '.svc',
    `.${cluster.dnsDomain}`,
    ...(domain === undefined ? [] : [`.${domain}`]),
  ];
  return [...new Set([...runtime.proxy.noProxy, ...own])].join(',');
}

/** In a larger cluster a worker names only itself, the control planes and etcd: bundles stay small, cost linear. */
const mostHostsNamedEverywhere = 250;

/** The hosts that a host's own files name: all of them in a cluster of ordinary size, and on every control plane. */
function hostsNamedOn(cluster: Cluster, host: Host): readonly Host[] {
  if (cluster.hosts.length <= mostHostsNamedEverywhere || host.roles.includes('control-plane'))
    return cluster.hosts;
  return [...new Set([...hostsWithRole(cluster, 'etcd'), ...hostsWithRole(cluster, 'control-plane'), host])];
}

/**
 * Lines of /etc/hosts: hosts by their names, and the endpoint's name where the cluster
 * keeps what it means.
 */
function hostsFileLines(cluster: Cluster, host: Host): readonly TemplateValues[] {
  const named = hostsNamedOn(cluster, host);
  const lines = named.flatMap(ownLines);
  const targets = endpointTargets(cluster, host);
  const { host: name } = cluster.endpoint;
  const isNamed = parseAddress(name) !== undefined || named.some((member) => namesOf(member).includes(name));
  return isNamed ? lines : [...lines, ...targets.map((target) => hostsFileLine(target, [name]))];
}

/** The lines of a host, which are the same wherever it is named. */
const ownLines = rememberedByObject((host: Host): readonly TemplateValues[] =>
  host.addresses.map((address) => hostsFileLine(address, namesOf(host))),
);

function hostsFileLine(address: Address, names: readonly string[]): TemplateValues {
  return { address: address.text, names: names.join(' ') };
}

const namesOf = rememberedByObject((host: Host): readonly string[] =>
  host.fqdn === undefined ? [host.name] : [host.fqdn, host.name],
);
