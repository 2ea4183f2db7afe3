/** How the API is reached: by whom kubelets and kube-proxies dial, and who keeps that. */
import { balancerFiles } from '../catalog/existing-hosts.ts';
import { parseAddress } from '../lib/ip.ts';
import type { TreeCluster } from '../tree/cluster.ts';
import type { HostView } from '../verify/view.ts';
import { type Entry, unknownMark } from './draft.ts';
import { endpointIn, type FoundEndpoint } from './facts.ts';
import type { DraftHost } from './hosts.ts';
import { type Agreed, agreed, nodeServers, type Place, placeText, type Said, serversIn } from './stated.ts';

export function endpointEntries(
  cluster: TreeCluster,
  hosts: readonly DraftHost[],
  conflicts: string[],
): Entry[] {
  const nodes = cluster.view.hosts.filter((host) => !host.bundle.roles.includes('control-plane'));
  const asked = nodes.length > 0 ? nodes : cluster.view.hosts;
  const servers = asked.flatMap(nodeServers);
  const told = agreed(servers.length > 0 ? servers : asked.flatMap((host) => serversIn(host, () => true)));
  if (told.kind === 'untold')
    return [
      {
        path: ['endpoint', 'host'],
        value: unknownMark,
        comment: 'not told: no kubeconfig says what nodes dial',
        meanwhile: 'api.example',
      },
    ];
  if (told.kind === 'conflict') {
    const said = told.said.map(({ value, place }) => `${value} (${placeText(place)})`).join(', ');
    conflicts.push(`endpoint.host: ${said}`);
    return [
      {
        path: ['endpoint', 'host'],
        value: unknownMark,
        comment: `nodes differ: ${said}`,
        meanwhile: 'api.example',
      },
    ];
  }
  const found = endpointIn(told.value);
  if (found === undefined) return [];
  const floating = floatingAddress(cluster, hosts);
  const mode = modeOf(found, cluster, hosts, floating);
  const place = placeText(told.place);
  const isLoopback = /^(?:127\.|::1$|localhost$)/.test(found.host);
  const first = hosts.find(({ roles }) => roles.includes('control-plane'))?.addresses?.value[0];
  return [
    // With a balancer on each host, that is what they dial; the endpoint is for everybody else.
    ...(isLoopback || found.host === first
      ? []
      : [{ path: ['endpoint', 'host'], value: found.host, comment: place }]),
    ...portEntries(
      isLoopback && mode.value === 'node-local' ? securePort(hosts) : { kind: 'untold' },
      { value: found.port, place: told.place },
      conflicts,
    ),
    ...(mode.value === 'hosts'
      ? []
      : [{ path: ['endpoint', 'mode'], value: mode.value, comment: mode.comment }]),
    ...(floating === undefined || !['keepalived', 'haproxy'].includes(mode.value) ? [] : floating.entries),
  ];
}

/** With a balancer on each host, its port is that of the API servers behind it. */
function securePort(hosts: readonly DraftHost[]): Agreed<number> {
  return agreed(
    hosts.flatMap(({ tree: { view } }): Said<number>[] => {
      const command = view.command('apiserver');
      // What starts it is not in the tree, so its port is not told.
      if (command === undefined || command.flags.length === 0) return [];
      const flag = command.flag('secure-port');
      const place = { host: view.name, file: flag?.file ?? command.unit, line: flag?.line };
      return [{ value: Number(flag?.value ?? defaultPort), place }];
    }),
  );
}

/** Of API servers and of an inventory (cmd/kube-apiserver/app/options). */
const defaultPort = 6443;

function portEntries(port: Agreed<number>, dialled: Said<number>, conflicts: string[]): Entry[] {
  const path = ['endpoint', 'port'];
  if (port.kind === 'conflict') {
    const said = port.said.map(({ value, place }) => `${value} (${placeText(place)})`).join(', ');
    conflicts.push(`endpoint.port: ${said}`);
    return [
      { path, value: unknownMark, comment: `API servers differ: ${said}`, meanwhile: port.said[0]?.value },
    ];
  }
  const { value, place } = port.kind === 'told' ? port : dialled;
  return value === defaultPort ? [] : [{ path, value, comment: placeText(place) }];
}

interface Floating {
  readonly vip: string;
  readonly onBalancers: boolean;
  readonly entries: readonly Entry[];
}

/** The address that keepalived moves, on control planes or on hosts of haproxy. */
function floatingAddress({ view }: TreeCluster, hosts: readonly DraftHost[]): Floating | undefined {
  for (const host of view.hosts) {
    const file = '/etc/keepalived/keepalived.conf';
    const lines = (host.text(file) ?? '').split('\n');
    const said = (pattern: RegExp): Said<string> | undefined => {
      const index = lines.findIndex((line) => pattern.test(line));
      const value = pattern.exec(lines[index] ?? '')?.[1];
      return value === undefined ? undefined : { value, place: { host: host.name, file, line: index + 1 } };
    };
    const start = lines.findIndex((line) => /virtual_ipaddress/.test(line));
    const text = lines.slice(start).join('\n').split('}')[0] ?? '';
    const vip =
      start < 0
        ? undefined
        : /(?:^|[\s{])([0-9a-fA-F.:]+)(?:\/\d+)?(?=[\s}]|$)/m.exec(text.replace(/^.*?\{/s, ''))?.[1];
    const address = vip === undefined ? undefined : parseAddress(vip)?.text;
    if (address === undefined) continue;
    const at: Place = { host: host.name, file, line: start + 1 };
    const router = said(/virtual_router_id\s+(\d+)/);
    const device = said(/^\s*interface\s+(\S+)/);
    return {
      vip: address,
      onBalancers: hosts.some(({ tree, roles }) => tree.view === host && roles.includes('load-balancer')),
      entries: [
        { path: ['endpoint', 'vip'], value: address, comment: placeText(at) },
        ...(router === undefined
          ? []
          : [
              {
                path: ['endpoint', 'virtualRouterId'],
                value: Number(router.value),
                comment: placeText(router.place),
              },
            ]),
        ...(device === undefined
          ? []
          : [{ path: ['endpoint', 'interface'], value: device.value, comment: placeText(device.place) }]),
      ],
    };
  }
  return undefined;
}

function modeOf(
  { host }: FoundEndpoint,
  { view }: TreeCluster,
  hosts: readonly DraftHost[],
  floating: Floating | undefined,
): { readonly value: string; readonly comment: string } {
  const balancers = hosts.filter(({ roles }) => roles.includes('load-balancer'));
  if (balancers.length > 0) return { value: 'haproxy', comment: 'haproxy is on hosts of its own' };
  if (floating !== undefined) return { value: 'keepalived', comment: `keepalived moves ${floating.vip}` };
  const local = view.hosts.flatMap((one) =>
    balancerFiles.filter((file) => one.file(file) !== undefined).map((file) => `${one.name}:${file}`),
  )[0];
  const isLoopback = /^(?:127\.|::1$|localhost$)/.test(host);
  if (isLoopback && (local !== undefined || view.hosts.length > 1))
    return { value: 'node-local', comment: local ?? 'nodes dial themselves' };
  const planes = hosts.filter(({ roles }) => roles.includes('control-plane'));
  const isOfPlane = planes.some(
    ({ tree, addresses }) =>
      addresses?.value.includes(host) === true ||
      tree.view.bundle.names.includes(host) ||
      leadsTo(tree.view, host, planes),
  );
  return isOfPlane || isLoopback
    ? { value: 'hosts', comment: '' }
    : {
        value: 'external',
        comment: 'no host has this name or address: a load balancer or DNS that others keep',
      };
}

/** Whether a name stands in /etc/hosts with the address of a control plane. */
function leadsTo(host: HostView, name: string, planes: readonly DraftHost[]): boolean {
  const line = (host.text('/etc/hosts') ?? '')
    .split('\n')
    .find((one) => one.replace(/#.*/, '').split(/\s+/).slice(1).includes(name));
  const address = line?.trim().split(/\s+/)[0];
  return address !== undefined && planes.some(({ addresses }) => addresses?.value.includes(address) === true);
}
