/** Names that certificates must be valid for: `ip:…`, `dns:…`, and `$name`, which is read from the files of the cluster. */
import { nthAddress, parseAddress, parseCidr } from '../lib/ip.ts';
import { dialled, serverOf } from '../verify/certificates.ts';
import { textAt } from '../verify/read-yaml.ts';
import type { HostView } from '../verify/view.ts';
import { kubeconfigs, kubeconfigsNamed } from './credentials.ts';
import { configDocument, flagOf, type Scope } from './scope.ts';

type Lookup = (scope: Scope) => readonly string[];

const list = (value: string | undefined) => (value ?? '').split(',').filter((item) => item !== '');
const flag =
  (component: string, name: string): Lookup =>
  ({ host }) =>
    list(flagOf(host, component, name).value);

const isOne = (address: string) => !['0.0.0.0', '::'].includes(address);

/** Hosts of URLs; an address that stands for all others is not dialled. */
const hostsOfUrls =
  (name: string): Lookup =>
  ({ host }) =>
    list(flagOf(host, 'etcd', name).value)
      .flatMap((url) => dialled(url)?.name ?? [])
      .filter(isOne);

/** What dials this API server: its own kubeconfigs, and those of hosts without one. */
const kubeconfigServers: Lookup = ({ host, cluster, input }) => {
  const isMine = (one: HostView) => one.name === host.name || !one.bundle.roles.includes('control-plane');
  const places = cluster.hosts.filter(isMine).flatMap(kubeconfigs);
  const names = places.flatMap(({ document }) => dialled(serverOf(document.value) ?? '')?.name ?? []);
  // Somebody may have led a host to one API server alone; a render leads all hosts to all of them.
  const others = input.untold === undefined ? [] : cluster.hosts.filter((one) => one.name !== host.name);
  const isOfOther = (name: string) =>
    others.some(({ bundle }) => bundle.addresses.includes(name) || bundle.names.includes(name)) &&
    !host.bundle.names.includes(name);
  return [...new Set(names)].filter((name) => !isOfOther(name));
};

const lookups: Readonly<Record<string, Lookup>> = {
  firstServiceIP: (scope) =>
    flag(
      'kube-apiserver',
      '--service-cluster-ip-range',
    )(scope).flatMap((text) => {
      const range = parseCidr(text)?.cidr;
      return range === undefined ? [] : (nthAddress(range, 1)?.text ?? []);
    }),
  // Told to take any, an API server advertises the address of its default route, which no file has.
  advertiseAddress: (scope) => flag('kube-apiserver', '--advertise-address')(scope).filter(isOne),
  controlPlaneEndpoint: ({ host, cluster }) =>
    kubeconfigsNamed(cluster, host, 'admin').flatMap(
      ({ document }) => dialled(serverOf(document.value) ?? '')?.name ?? [],
    ),
  kubeconfigServers,
  nodeName: flag('kubelet', '--hostname-override'),
  nodeIP: flag('kubelet', '--node-ip'),
  etcdListenHosts: hostsOfUrls('--listen-client-urls'),
  etcdAdvertiseHosts: hostsOfUrls('--advertise-client-urls'),
  clusterDomain: ({ cluster }) => {
    for (const host of cluster.hosts) {
      const { place } = configDocument(host, 'KubeletConfiguration');
      const domain = textAt(place?.document.value, 'clusterDomain');
      if (domain !== undefined) return [domain];
    }
    return ['cluster.local'];
  },
};

/** The names that an entry of an expectation stands for, without `ip:` and `dns:`. */
export function namesWanted(scope: Scope, entry: string): string[] {
  const [, kind = '', text = ''] = /^(?:(ip|dns):)?(.*)$/.exec(entry) ?? [];
  const variable = /\$(\w+)/.exec(text);
  const names =
    variable?.[1] === undefined
      ? [text]
      : lookup(variable[1])(scope).map((value) => text.replace(variable[0], () => value));
  return kind === 'ip' ? names.flatMap((name) => parseAddress(name)?.text ?? []) : names;
}

function lookup(name: string): Lookup {
  const found = lookups[name];
  if (found === undefined) throw new Error(`no such name: $${name}`);
  return found;
}
