/** The members of etcd agree about one another, and API servers know those that they are to ask. */
import { etcdEnv } from '../../catalog/paths.ts';
import { deviants } from '../agree.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

const again = 'render again; bundles of one cluster come from one render';

/** Variables that are the same on every member. */
const sharedVariables = [
  'ETCD_INITIAL_CLUSTER',
  'ETCD_INITIAL_CLUSTER_TOKEN',
  'ETCD_INITIAL_CLUSTER_STATE',
] as const;

/** Members have the same list of members, and find themselves in it. */
export function* membersAgree({ withRole }: ClusterView): Iterable<Found> {
  const members = withRole('etcd');
  for (const name of sharedVariables) {
    const stated = members.flatMap((host) => {
      const variable = host.etcdVariable(name);
      return variable === undefined
        ? []
        : [{ value: sorted(variable.value), place: { host, line: variable.line } }];
    });
    for (const { place, usual } of deviants(stated)) {
      const message = `${name} differs from that of ${usual.place.host.name}`;
      yield { host: place.host.name, file: etcdEnv, line: place.line, message, fix: again };
    }
  }
  for (const host of members) {
    const at = { host: host.name, file: etcdEnv, fix: again };
    const [list, name, peer] = ['ETCD_INITIAL_CLUSTER', 'ETCD_NAME', 'ETCD_INITIAL_ADVERTISE_PEER_URLS'].map(
      (one) => host.etcdVariable(one),
    );
    if (list === undefined || name === undefined || peer === undefined) {
      yield { ...at, line: undefined, message: 'name, peer URL or list of members is missing' };
      continue;
    }
    const items = list.value.split(',');
    if (!items.includes(`${name.value}=${peer.value}`))
      yield {
        ...at,
        line: list.line,
        message: `the list of members has no ${name.value}=${peer.value}, this member itself`,
      };
    const names = items.map((item) => item.split('=')[0] ?? '');
    const known = members.flatMap((member) => member.etcdVariable('ETCD_NAME')?.value ?? []);
    for (const stranger of names.filter((one) => !known.includes(one)))
      yield { ...at, line: list.line, message: `the list of members has ${stranger}, which is no member` };
    for (const missing of known.filter((one) => !names.includes(one)))
      yield { ...at, line: list.line, message: `the list of members lacks ${missing}` };
  }
}

function sorted(list: string): string {
  return list.split(',').sort().join(',');
}

/** An API server dials the member of its host, or else all, by the URLs that they advertise. */
export function* apiServersKnowMembers({ hosts }: ClusterView): Iterable<Found> {
  const advertised = (host: HostView) =>
    host.etcdVariable('ETCD_ADVERTISE_CLIENT_URLS')?.value.split(',') ?? [];
  const all = hosts.flatMap(advertised).sort().join(',');
  if (all === '') return;
  for (const host of hosts) {
    const flag = host.command('apiserver')?.flag('etcd-servers');
    const wanted = advertised(host).sort().join(',') || all;
    if (flag === undefined || sorted(flag.value) === wanted) continue;
    const [who, verb] = wanted === all ? ['members', 'advertise'] : ['the member of its host', 'advertises'];
    const message = `--etcd-servers=${flag.value} is not what ${who} ${verb}, ${wanted}`;
    yield { host: host.name, file: flag.file, line: flag.line, message, fix: again };
  }
}
