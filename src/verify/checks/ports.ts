/** Ports: no two daemons of a host listen on the same one, and install.sh asks for those that are used. */
import { programs } from '../../catalog/daemons.ts';
import { etcdEnv } from '../../catalog/paths.ts';
import { parseAddress } from '../../lib/ip.ts';
import { rememberedByObject } from '../../lib/remember.ts';
import type { ComponentKey } from '../../model/cluster.ts';
import { dialled } from '../certificates.ts';
import { textAt, valueAt } from '../read-yaml.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

/** A daemon that listens, as its flags or its configuration say. */
export interface Listener {
  readonly daemon: string;
  readonly address: string;
  readonly port: number;
  readonly file: string;
  readonly line: number | undefined;
  readonly what: string;
}

/** Daemons that listen where flags say, and the port that they use without a flag. */
const byFlags: readonly (readonly [ComponentKey, number])[] = [
  ['apiserver', 6443],
  ['controllerManager', 10257],
  ['scheduler', 10259],
];

/** Every address and port that the Kubernetes daemons and etcd listen on. */
export const listenersOf = rememberedByObject((host: HostView): readonly Listener[] => [
  ...flagListeners(host),
  ...etcdListeners(host),
  ...kubeletListeners(host),
  ...proxyListeners(host),
]);

function flagListeners(host: HostView): Listener[] {
  return byFlags.flatMap(([component, usual]) => {
    const command = host.command(component);
    if (command === undefined) return [];
    const [port, address] = ['secure-port', 'bind-address'].map((name) => command.flag(name));
    const place = port ?? address ?? { file: command.unit, line: undefined };
    return [
      {
        daemon: programs[component],
        address: address?.value ?? '0.0.0.0',
        port: Number(port?.value ?? usual),
        file: place.file,
        line: place.line,
        what: '--secure-port',
      },
    ];
  });
}

function etcdListeners(host: HostView): Listener[] {
  return ['ETCD_LISTEN_CLIENT_URLS', 'ETCD_LISTEN_PEER_URLS', 'ETCD_LISTEN_METRICS_URLS'].flatMap((name) => {
    const variable = host.etcdVariable(name);
    return (variable?.value.split(',') ?? []).flatMap((url) => {
      const target = dialled(url.replace(/^http:/, 'https:'));
      if (variable === undefined || target === undefined) return [];
      return [
        {
          daemon: 'etcd',
          address: target.name,
          port: target.port,
          file: etcdEnv,
          line: variable.line,
          what: name,
        },
      ];
    });
  });
}

function kubeletListeners(host: HostView): Listener[] {
  return host.ofKind('KubeletConfiguration').flatMap(({ path, document }) => {
    const { value, lineOf } = document;
    const listener = (field: string, address: string, usual: number): Listener => ({
      daemon: 'kubelet',
      address: textAt(value, address) ?? (address === 'address' ? '0.0.0.0' : '127.0.0.1'),
      port: Number(valueAt(value, field) ?? usual),
      file: path,
      line: lineOf([field]),
      what: field,
    });
    const all = [
      listener('port', 'address', 10250),
      listener('readOnlyPort', 'address', 0),
      listener('healthzPort', 'healthzBindAddress', 10248),
    ];
    return all.filter(({ port }) => port !== 0);
  });
}

function proxyListeners(host: HostView): Listener[] {
  return host.ofKind('KubeProxyConfiguration').flatMap(({ path, document }) =>
    ['healthzBindAddress', 'metricsBindAddress'].flatMap((field) => {
      const written = textAt(document.value, field);
      const target = written === undefined ? undefined : dialled(`https://${written}`);
      if (target === undefined) return [];
      return [
        {
          daemon: 'kube-proxy',
          address: target.name,
          port: target.port,
          file: path,
          line: document.lineOf([field]),
          what: field,
        },
      ];
    }),
  );
}

const isAny = (address: string) => address === '0.0.0.0' || address === '::';

function collide(left: Listener, right: Listener): boolean {
  if (left.port !== right.port) return false;
  // `::` listens on IPv4 too.
  if (isAny(left.address) || isAny(right.address)) return true;
  return (
    (parseAddress(left.address)?.text ?? left.address) ===
    (parseAddress(right.address)?.text ?? right.address)
  );
}

/** No two daemons of a host listen on the same address and port. */
export function* portsAreFree({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    const listeners = listenersOf(host);
    for (const [index, one] of listeners.entries()) {
      const other = listeners.slice(0, index).find((before) => collide(before, one));
      if (other === undefined) continue;
      const message = `port ${one.port} of ${one.what} is already that of ${other.what} in ${other.file}`;
      yield {
        host: host.name,
        file: one.file,
        line: one.line,
        message,
        fix: 'give one of them another port',
      };
    }
  }
}

/** install.sh makes sure before it starts that these ports are free: they must be those that daemons use. */
export function* portsAreAskedFor({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    const asked = host.bundle.ports.map(({ port }) => port);
    const listeners = listenersOf(host);
    for (const { port, file, line, what } of listeners) {
      if (asked.includes(port)) continue;
      const message = `${what} is ${port}, a port that install.sh does not look at before it installs`;
      yield {
        severity: 'warning',
        host: host.name,
        file,
        line,
        message,
        fix: 'keep the usual port, or see that it is free',
      };
    }
  }
}
