/** What stands between clients and API servers: balancers and the floating address, as templates read them. */
import { endpointModeRows } from '../catalog/endpoint-modes.ts';
import * as paths from '../catalog/paths.ts';
import { httpsUrl } from '../lib/endpoint.ts';
import { type Address, addressBits, urlHost } from '../lib/ip.ts';
import { type Cluster, type Host, hostsWithRole, primaryAddress } from '../model/cluster.ts';
import type { TemplateValues } from '../model/plan.ts';
import { anyAddress, apiServerPort, loopbackAddress, loopbackAddresses } from './endpoints.ts';

/**
 * The addresses that the endpoint's name stands for in /etc/hosts of a host, in the order in which
 * clients try them; none where it is not written.
 */
export function endpointTargets(cluster: Cluster, host: Host): readonly Address[] {
  switch (endpointModeRows[cluster.endpoint.mode].name) {
    case 'not-written':
      return [];
    case 'floating':
      return cluster.endpoint.floating === undefined
        ? hostsWithRole(cluster, 'load-balancer').slice(0, 1).map(primaryAddress)
        : [cluster.endpoint.floating.vip];
    case 'control-planes':
      return host.roles.includes('control-plane')
        ? [primaryAddress(host)]
        : hostsWithRole(cluster, 'control-plane').map(primaryAddress);
  }
}

/**
 * What the balancers of all hosts have in common. A few load balancers may ask often; of a
 * thousand workers each is to ask rarely, or API servers do little but shake hands.
 */
export function sharedBalancerValues(cluster: Cluster): TemplateValues {
  const { mode, port } = cluster.endpoint;
  const isShared = mode === 'haproxy';
  return {
    listens: isShared ? [sharedListen(cluster)] : loopbackAddresses(cluster).map((own) => listen(own, port)),
    authority: isShared ? paths.haproxyAuthority : `${paths.kubernetesPki}/ca.crt`,
    // Kubelets and kube-proxies of some two thousand nodes, with as few as 20 000 files allowed to a service.
    mostConnections: isShared ? 8000 : 2000,
    checkSeconds: isShared ? 2 : 5,
    failures: isShared ? 3 : 2,
    servers: hostsWithRole(cluster, 'control-plane').map((host) => ({
      name: host.name,
      address: listen(primaryAddress(host).text, apiServerPort(cluster)),
    })),
  };
}

/** On all addresses: the floating one comes and goes, and keepalived asks on loopback whether haproxy serves. */
function sharedListen(cluster: Cluster): string {
  const any = anyAddress(cluster);
  return `${listen(any, cluster.endpoint.port)}${any === '::' ? ' v4v6' : ''}`;
}

function listen(address: string, port: number): string {
  return `${urlHost(address)}:${port}`;
}

/** The floating address as one of its hosts keeps it; empty where there is none. */
export function floatingValues(cluster: Cluster, host: Host): TemplateValues {
  const { floating, mode, port } = cluster.endpoint;
  const role = endpointModeRows[mode].floatsOn;
  if (floating === undefined || role === undefined) return {};
  const owners = hostsWithRole(cluster, role);
  return {
    address: `${floating.vip.text}/${addressBits(floating.vip.family)}`,
    interface: floating.interface ?? '',
    virtualRouterId: floating.virtualRouterId,
    // From 250 downwards in the order of the inventory; 255 is for the owner of an address (RFC 5798).
    priority: Math.max(1, 250 - owners.indexOf(host)),
    peers: owners.filter((other) => other !== host).map((other) => primaryAddress(other).text),
    readyzUrl: `${httpsUrl(loopbackAddress(cluster), port)}/readyz`,
  };
}
