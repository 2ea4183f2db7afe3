/** Ports and URLs, each derived once. */
import { httpsUrl } from '../lib/endpoint.ts';
import { type Cluster, type Host, hostsWithRole, primaryAddress } from '../model/cluster.ts';

export const etcdClientPort = 2379;
export const etcdPeerPort = 2380;
const apiServerDefaultPort = 6443;

/**
 * The port that API servers listen on. In mode `hosts` clients dial the API server
 * itself, so it is the endpoint's port; elsewhere something stands in between.
 */
export function apiServerPort(cluster: Cluster): number {
  return cluster.endpoint.mode === 'hosts' ? cluster.endpoint.port : apiServerDefaultPort;
}

/** What kubelets, kube-proxies and kubectl dial. */
export function endpointUrl(cluster: Cluster): string {
  return httpsUrl(cluster.endpoint.host, cluster.endpoint.port);
}

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
