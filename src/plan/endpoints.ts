/** Ports and URLs, each derived once. */
import { endpointModeRows } from '../catalog/endpoint-modes.ts';
import type { PortName } from '../catalog/requirements.ts';
import { httpsUrl } from '../lib/endpoint.ts';
import type { Family } from '../lib/ip.ts';
import { type Cluster, type Host, hostsWithRole, primaryAddress } from '../model/cluster.ts';

export const etcdClientPort = 2379;
export const etcdPeerPort = 2380;

/** The port that API servers listen on, which depends on whether something stands before them. */
export function apiServerPort(cluster: Cluster): number {
  const { mode, port } = cluster.endpoint;
  const row = endpointModeRows[mode];
  return row.apiServerPort === 'endpoint' ? port : row.apiServerPort;
}

/** The number of a port that a table names. */
export function portOf(cluster: Cluster, port: PortName): number {
  if (port === 'apiserver') return apiServerPort(cluster);
  return port === 'endpoint' ? cluster.endpoint.port : port;
}

/** What clients that are on no host of the cluster dial. */
export function endpointUrl(cluster: Cluster): string {
  return httpsUrl(cluster.endpoint.host, cluster.endpoint.port);
}

/** What the kubelet, kube-proxy and kubectl of a host dial. */
export function dialledUrl(cluster: Cluster, host: Host): string {
  if (endpointModeRows[cluster.endpoint.mode].dialled === 'endpoint') return endpointUrl(cluster);
  return host.roles.includes('control-plane')
    ? localApiServerUrl(cluster, host)
    : httpsUrl(loopbackAddress(cluster), cluster.endpoint.port);
}

/** The loopback address of the cluster's primary family; it is in every API server's certificate. */
export function loopbackAddress(cluster: Cluster): string {
  return loopback[isIPv6Cluster(cluster) ? 'ipv6' : 'ipv4'];
}

/** The loopback addresses of the families that the cluster has. */
export function loopbackAddresses(cluster: Cluster): string[] {
  return cluster.network.serviceCIDRs.map(({ family }) => loopback[family]);
}

const loopback: Readonly<Record<Family, string>> = { ipv4: '127.0.0.1', ipv6: '::1' };

/** The API server on this very host. */
export function localApiServerUrl(cluster: Cluster, host: Host): string {
  return httpsUrl(primaryAddress(host).text, apiServerPort(cluster));
}

/** Client URL of an etcd member, by address: no name service is needed to reach etcd. */
export function etcdClientUrl(host: Host): string {
  return httpsUrl(primaryAddress(host).text, etcdClientPort);
}

/** Peer URL of an etcd member. */
export function etcdPeerUrl(host: Host): string {
  return httpsUrl(primaryAddress(host).text, etcdPeerPort);
}

/** Client URLs of all members in inventory order, or those of the cluster that others keep. */
export function etcdClientUrls(cluster: Cluster): readonly string[] {
  return cluster.etcd.external?.endpoints ?? hostsWithRole(cluster, 'etcd').map(etcdClientUrl);
}

/**
 * The members that a host's API server dials: the one of its own host alone where there is one, as
 * kubeadm has it, else all. An API server spreads its requests over all that it knows, and for some
 * ten seconds after a member has lost its power each of its many connections waits for it in vain.
 */
export function etcdServerUrls(cluster: Cluster, host: Host): readonly string[] {
  return host.roles.includes('etcd') ? [etcdClientUrl(host)] : etcdClientUrls(cluster);
}

/** The unspecified address: listen everywhere. That of IPv6 takes IPv4 connections too. */
export function anyAddress(cluster: Cluster): string {
  return isIPv6Cluster(cluster) || isDualStack(cluster) ? '::' : '0.0.0.0';
}

/** Whether services and pods have addresses of both families. */
export function isDualStack(cluster: Cluster): boolean {
  return cluster.network.serviceCIDRs.length > 1;
}

/** Whether the cluster's primary family, that of the first service CIDR, is IPv6. */
export function isIPv6Cluster(cluster: Cluster): boolean {
  return cluster.network.serviceCIDRs[0]?.family === 'ipv6';
}
