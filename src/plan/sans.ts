/** Subject alternative names by rule: every name and address by which a server is dialled, each once. */
import type { SanRule } from '../catalog/certificates.ts';
import { parseAddress } from '../lib/ip.ts';
import type { SubjectAltNames } from '../model/certificate.ts';
import type { Cluster, Host } from '../model/cluster.ts';

const loopbackNames = ['localhost', '127.0.0.1', '::1'];

/** The names and addresses of a rule, on a host of a cluster. */
export function subjectAltNames(rule: SanRule, cluster: Cluster, host: Host): SubjectAltNames {
  return sorted(namesOf(rule, cluster, host));
}

function namesOf(rule: SanRule, cluster: Cluster, host: Host): readonly string[] {
  switch (rule) {
    case 'none':
      return [];
    case 'host':
      return hostNames(host);
    case 'host-and-loopback':
      return [...hostNames(host), ...loopbackNames];
    case 'apiserver':
      return [
        ...hostNames(host),
        cluster.endpoint.host,
        ...(cluster.endpoint.floating === undefined ? [] : [cluster.endpoint.floating.vip.text]),
        ...cluster.network.apiServiceAddresses.map((address) => address.text),
        ...apiServiceNames(cluster.dnsDomain),
        ...loopbackNames,
        ...cluster.pki.extraSANs,
      ];
  }
}

function hostNames(host: Host): string[] {
  return [
    host.name,
    ...(host.fqdn === undefined ? [] : [host.fqdn]),
    ...host.addresses.map((address) => address.text),
  ];
}

function apiServiceNames(dnsDomain: string): string[] {
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  return [...names, `kubernetes.default.svc.${dnsDomain}`];
}

/** Splits names from addresses, canonical and once each, in the order given. */
function sorted(names: readonly string[]): SubjectAltNames {
  const dns = new Set<string>();
  const ip = new Set<string>();
  for (const name of names) {
    const address = parseAddress(name);
    if (address === undefined) dns.add(name.toLowerCase());
    else ip.add(address.text);
  }
  return { dns: [...dns], ip: [...ip] };
}
