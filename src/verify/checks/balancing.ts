/** What stands between clients and API servers: balancers know all of them, and floating addresses agree. */
import * as paths from '../../catalog/paths.ts';
import { parseAddress, urlHost } from '../../lib/ip.ts';
import { deviants } from '../agree.ts';
import { covers, dialled } from '../certificates.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

const again = 'render again; all bundles of a cluster come from one render';
const balancerFiles = [paths.haproxyConfig, paths.apiBalancerConfig];

interface Line {
  readonly words: readonly string[];
  readonly line: number;
}

function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((raw, index) => {
    const words = raw.replace(/#.*/, '').trim().split(/\s+/);
    return words[0] === '' ? [] : [{ words, line: index + 1 }];
  });
}

/** Balancers lead to every API server, at its address and port, and check its certificate by its name. */
export function* balancersKnowApiServers(view: ClusterView): Iterable<Found> {
  const { facts, hosts, withRole } = view;
  const planes = withRole('control-plane');
  if (facts.endpoint.mode !== 'haproxy' && facts.endpoint.mode !== 'node-local') return;
  for (const host of hosts) {
    for (const file of balancerFiles) {
      const text = host.text(file);
      if (text === undefined) continue;
      const lines = linesOf(text);
      const at = { host: host.name, file, fix: again };
      const servers = lines.filter(({ words }) => words[0] === 'server');
      const known = new Set<HostView>();
      for (const { words, line } of servers) {
        const [, name = '', address = ''] = words;
        const target = dialled(`https://${address}`);
        const plane = planes.find(({ bundle }) => bundle.names.includes(name));
        if (plane === undefined) {
          yield { ...at, line, message: `the server ${name} is no control plane` };
          continue;
        }
        known.add(plane);
        const own =
          target !== undefined && plane.bundle.addresses.includes(parseAddress(target.name)?.text ?? '');
        if (!own) yield { ...at, line, message: `${address} is no address of ${name}` };
        const port = Number(plane.command('apiserver')?.flag('secure-port')?.value ?? 6443);
        if (target !== undefined && target.port !== port)
          yield {
            ...at,
            line,
            message: `${address} dials another port than ${port}, on which ${name} listens`,
          };
        yield* checkedName(view, plane, { words, line }, at);
      }
      for (const plane of planes.filter((one) => !known.has(one)))
        yield { ...at, line: servers.at(-1)?.line, message: `the balancer lacks ${plane.name}` };
      const binds = lines.filter(({ words }) => words[0] === 'bind');
      const ports = binds.map(
        ({ words }) => dialled(`https://${(words[1] ?? '').replace(/^:::/, '[::]:')}`)?.port,
      );
      if (!ports.includes(facts.endpoint.port))
        yield {
          ...at,
          line: binds[0]?.line,
          message: `the balancer does not listen on ${facts.endpoint.port}, the port of the endpoint`,
        };
    }
  }
}

/** A server that is checked with TLS has the name that is asked for, and a file to check it with. */
function* checkedName(
  _: ClusterView,
  plane: HostView,
  { words, line }: Line,
  at: { readonly host: string; readonly file: string; readonly fix: string },
): Iterable<Found> {
  const after = (word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined);
  const certificate = plane.certificate(plane.command('apiserver')?.flag('tls-cert-file')?.value ?? '');
  const name = after('verifyhost');
  if (after('verify') !== 'required' || after('ca-file') === undefined || name === undefined)
    yield { ...at, line, message: `the server ${plane.name} is not checked by its certificate` };
  else if (certificate !== undefined && !covers(certificate, name))
    yield { ...at, line, message: `the certificate of ${plane.name} has no name ${name}` };
}

/** Settings of keepalived that are the same on all hosts that share an address. */
const sharedSettings = ['virtual_router_id', 'advert_int', 'vrrp_version', 'auth_type', 'auth_pass'] as const;

/** Hosts that share an address agree about it, differ in priority, and know one another. */
export function* floatingAddressesAgree({ facts, hosts }: ClusterView): Iterable<Found> {
  const sharing = hosts.flatMap((host) => {
    const text = host.text(paths.keepalivedConfig);
    return text === undefined ? [] : [{ host, lines: linesOf(text) }];
  });
  const at = { file: paths.keepalivedConfig, fix: again };
  for (const name of sharedSettings) {
    const stated = sharing.map(({ host, lines }) => {
      const found = lines.find(({ words }) => words[0] === name);
      return { value: found?.words[1] ?? '', place: { host, line: found?.line } };
    });
    // A password is compared, and never shown.
    for (const { place, usual } of deviants(stated))
      yield {
        ...at,
        host: place.host.name,
        line: place.line,
        message: `${name} differs from that of ${usual.place.host.name}`,
      };
  }
  const priorities = new Map<string, string>();
  const members = sharing.map(({ host, lines }) => ({ host, lines, own: host.bundle.addresses }));
  const addresses = members.map(({ lines }) => blockOf(lines, 'virtual_ipaddress'));
  const stated = members.map(({ host }, index) => ({
    value: addresses[index]?.map(({ words }) => words[0]).join() ?? '',
    place: { host, line: addresses[index]?.[0]?.line },
  }));
  for (const { place, usual } of deviants(stated))
    yield {
      ...at,
      host: place.host.name,
      line: place.line,
      message: `the floating address differs from that of ${usual.place.host.name}`,
    };
  const vip = parseAddress(facts.endpoint.host)?.text;
  for (const { value, place } of stated)
    if (
      value === '' ||
      (vip !== undefined &&
        value.replace(/\/\d+$/, '') !== vip &&
        hosts.every(({ bundle }) => !bundle.addresses.includes(vip)))
    )
      yield {
        ...at,
        host: place.host.name,
        line: place.line,
        message: `the floating address is not ${urlHost(facts.endpoint.host)}, the endpoint`,
      };
  for (const { host, lines } of members) {
    const priority = lines.find(({ words }) => words[0] === 'priority');
    const other = priorities.get(priority?.words[1] ?? '');
    priorities.set(priority?.words[1] ?? '', host.name);
    if (other !== undefined)
      yield { ...at, host: host.name, line: priority?.line, message: `the priority is that of ${other} too` };
    const peers = blockOf(lines, 'unicast_peer');
    const others = members.filter((member) => member.host !== host);
    if (peers.length === 0 && others.length > 0)
      yield {
        ...at,
        host: host.name,
        line: undefined,
        message: 'the host knows none of those that share its address',
      };
    for (const { words, line } of peers)
      if (!others.some(({ own }) => own.includes(words[0] ?? '')))
        yield { ...at, host: host.name, line, message: `${words[0]} shares no address with this host` };
    for (const member of others)
      if (peers.length > 0 && !peers.some(({ words }) => member.own.includes(words[0] ?? '')))
        yield {
          ...at,
          host: host.name,
          line: peers[0]?.line,
          message: `the host does not know ${member.host.name}, which shares its address`,
        };
    const source = lines.find(({ words }) => words[0] === 'unicast_src_ip');
    if (source !== undefined && !host.bundle.addresses.includes(source.words[1] ?? ''))
      yield {
        ...at,
        host: host.name,
        line: source.line,
        message: `${source.words[1]} is no address of this host`,
      };
  }
}

/** The lines between the braces of a block. */
function blockOf(lines: readonly Line[], name: string): readonly Line[] {
  const start = lines.findIndex(({ words }) => words[0] === name);
  if (start === -1) return [];
  const end = lines.findIndex(({ words }, index) => index > start && words[0] === '}');
  return lines.slice(start + 1, end);
}
