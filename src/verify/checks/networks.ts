/** Networks and names that several components are told agree, and addresses lie in them. */
import { type Address, type Cidr, cidrContains, nthAddress, parseAddress, parseCidr } from '../../lib/ip.ts';
import { deviants } from '../agree.ts';
import { covers } from '../certificates.ts';
import { itemsAt, textAt } from '../read-yaml.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

interface Stating {
  readonly value: string;
  readonly place: {
    readonly host: HostView;
    readonly file: string;
    readonly line: number;
    readonly what: string;
  };
}

const again = 'render again; all bundles of a cluster come from one render';

/** Networks and names are the same wherever they are written. */
export function* networksAgree({ hosts }: ClusterView): Iterable<Found> {
  for (const { what, of } of shared) {
    for (const { value, place, usual } of deviants(hosts.flatMap(of))) {
      const { host, file, line } = place;
      const other = `${usual.place.what} on ${usual.place.host.name} says ${usual.value}`;
      const message = `${what}: ${place.what} says ${value || 'nothing'}, ${other}`;
      yield { host: host.name, file, line, message, fix: again };
    }
  }
}

/** What must be one and the same over all components and hosts. */
const shared: readonly { readonly what: string; readonly of: (host: HostView) => Stating[] }[] = [
  {
    what: 'the network of services',
    of: (host) => [
      ...flagOf(host, 'apiserver', 'service-cluster-ip-range'),
      ...flagOf(host, 'controllerManager', 'service-cluster-ip-range'),
    ],
  },
  {
    what: 'the network of pods',
    of: (host) => [
      ...flagOf(host, 'controllerManager', 'cluster-cidr'),
      ...fieldOf(host, 'KubeProxyConfiguration', 'clusterCIDR'),
      ...flannelNetwork(host),
    ],
  },
  { what: 'the address of cluster DNS', of: (host) => [...clusterDNS(host), ...dnsService(host)] },
  { what: 'the domain of the cluster', of: (host) => fieldOf(host, 'KubeletConfiguration', 'clusterDomain') },
  { what: 'the issuer of tokens', of: (host) => flagOf(host, 'apiserver', 'service-account-issuer') },
];

/** Whether a host says anything that must be the same elsewhere. */
export function tellsNetworks(host: HostView): boolean {
  return shared.some(({ of }) => of(host).length > 0);
}

function flagOf(host: HostView, component: 'apiserver' | 'controllerManager', name: string): Stating[] {
  const flag = host.command(component)?.flag(name);
  if (flag === undefined) return [];
  return [{ value: flag.value, place: { host, file: flag.file, line: flag.line, what: `--${name}` } }];
}

function fieldOf(host: HostView, kind: string, name: string): Stating[] {
  return host.ofKind(kind).flatMap(({ path, document }) => {
    const value = textAt(document.value, name);
    if (value === undefined) return [];
    return [{ value, place: { host, file: path, line: document.lineOf([name]), what: name } }];
  });
}

function clusterDNS(host: HostView): Stating[] {
  return host.ofKind('KubeletConfiguration').map(({ path, document }) => ({
    value: itemsAt(document.value, 'clusterDNS').join(','),
    place: { host, file: path, line: document.lineOf(['clusterDNS']), what: 'clusterDNS' },
  }));
}

/** The addresses of the Service of cluster DNS, where the bundle has one. */
function dnsService(host: HostView): Stating[] {
  return host.ofKind('Service').flatMap(({ path, document }) => {
    const { value, lineOf } = document;
    if (textAt(value, 'metadata', 'name') !== 'kube-dns') return [];
    const several = itemsAt(value, 'spec', 'clusterIPs');
    const single = textAt(value, 'spec', 'clusterIP') ?? '';
    const stated = several.length > 0 ? several.join(',') : single;
    return [
      {
        value: stated,
        place: { host, file: path, line: lineOf(['spec', 'clusterIP']), what: 'its Service' },
      },
    ];
  });
}

/** The networks in flannel's configuration, in the order in which the cluster has them. */
function flannelNetwork(host: HostView): Stating[] {
  const primary = host.command('controllerManager')?.flag('cluster-cidr')?.value ?? '';
  return host.ofKind('ConfigMap').flatMap(({ path, document }) => {
    const text = textAt(document.value, 'data', 'net-conf.json');
    if (text === undefined) return [];
    const networks = [...text.matchAll(/"(?:IPv6)?Network":\s*"([^"]+)"/g)].map(
      ([, network = '']) => network,
    );
    const ordered =
      primary.includes(networks[0] ?? '') && !primary.startsWith(networks[0] ?? '')
        ? networks.reverse()
        : networks;
    const line = document.lineOf(['data', 'net-conf.json']);
    return [{ value: ordered.join(','), place: { host, file: path, line, what: 'net-conf.json' } }];
  });
}

function cidrsOf(list: string | undefined): Cidr[] {
  return (list ?? '').split(',').flatMap((text) => parseCidr(text)?.cidr ?? []);
}

/** The network of services holds cluster DNS, and its first address is a name of every API server. */
export function* servicesAreReached({ hosts, withRole }: ClusterView): Iterable<Found> {
  let services: Cidr[] = [];
  for (const host of withRole('control-plane')) {
    const command = host.command('apiserver');
    services = cidrsOf(command?.flag('service-cluster-ip-range')?.value);
    const file = command?.flag('tls-cert-file')?.value;
    const certificate = file === undefined ? undefined : host.certificate(file);
    if (file === undefined || certificate === undefined) continue;
    const names = [...services.flatMap((cidr) => nthAddress(cidr, 1)?.text ?? []), 'kubernetes.default.svc'];
    for (const name of names.filter((one) => !covers(certificate, one))) {
      const message = `the certificate has no name ${name}, by which pods dial the API`;
      yield { host: host.name, file, line: undefined, message, fix: 'render again' };
    }
  }
  if (services.length === 0) return;
  for (const host of hosts) {
    for (const { path, document } of host.ofKind('KubeletConfiguration')) {
      for (const [index, item] of itemsAt(document.value, 'clusterDNS').entries()) {
        const address: Address | undefined = parseAddress(String(item));
        if (address !== undefined && services.some((cidr) => cidrContains(cidr, address))) continue;
        const line = document.lineOf(['clusterDNS', index]);
        const message = `cluster DNS at ${item} is no address of the network of services`;
        yield { host: host.name, file: path, line, message, fix: 'use an address of network.serviceCIDR' };
      }
    }
  }
}
