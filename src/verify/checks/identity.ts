/** Hosts are told who they are: names and addresses that daemons get are the host's own. */
import { hostsFile } from '../../catalog/paths.ts';
import type { ComponentKey } from '../../model/cluster.ts';
import { hostsLines } from '../hosts-lines.ts';
import { textAt } from '../read-yaml.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

const again = 'render again; the file may be that of another host';

/** Flags whose value is the host's own name, or one or all of its addresses. */
const ownFlags: readonly (readonly [ComponentKey, string, 'name' | 'addresses'])[] = [
  ['kubelet', 'hostname-override', 'name'],
  ['proxy', 'hostname-override', 'name'],
  ['kubelet', 'node-ip', 'addresses'],
  ['apiserver', 'advertise-address', 'addresses'],
];

/** Daemons are given the name and the addresses of their own host. */
export function* namesAreOwn({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    for (const [component, name, kind] of ownFlags) {
      const flag = host.command(component)?.flag(name);
      if (flag === undefined || isOwn(host, kind, flag.value)) continue;
      const own = kind === 'name' ? host.name : host.bundle.addresses.join(', ');
      const message = `--${name} is ${flag.value}, and this host is ${own}`;
      yield { host: host.name, file: flag.file, line: flag.line, message, fix: again };
    }
    for (const { path, document } of host.ofKind('KubeProxyConfiguration')) {
      const name = textAt(document.value, 'hostnameOverride');
      if (name === undefined || name === host.name) continue;
      const message = `hostnameOverride is ${name}, and this host is ${host.name}`;
      yield { host: host.name, file: path, line: document.lineOf(['hostnameOverride']), message, fix: again };
    }
  }
}

function isOwn({ name, bundle }: HostView, kind: 'name' | 'addresses', value: string): boolean {
  if (kind === 'name') return value === name;
  return value.split(',').every((address) => bundle.addresses.includes(address));
}

/** Names of the cluster's hosts in /etc/hosts lead to these hosts. */
export function* hostsFilesAreRight({ hosts }: ClusterView): Iterable<Found> {
  const addresses = new Map(
    hosts.flatMap(({ bundle }) => bundle.names.map((name) => [name, new Set(bundle.addresses)] as const)),
  );
  for (const host of hosts) {
    for (const { address, names, line } of hostsLines(host)) {
      for (const name of names) {
        const own = addresses.get(name);
        if (own === undefined || own.has(address)) continue;
        const message = `${name} leads to ${address}, which is no address of ${name}`;
        yield { host: host.name, file: hostsFile, line, message, fix: again };
      }
    }
  }
}
