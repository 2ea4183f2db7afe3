/** The members of etcd agree about one another, and API servers know all of them. */
import { etcdEnv } from '../../catalog/paths.ts';
import { deviants } from '../agree.ts';
import type { ClusterView, Found } from '../view.ts';

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

/** Every API server knows every member by the URL that it advertises. */
export function* apiServersKnowMembers({ hosts }: ClusterView): Iterable<Found> {
  const urls = hosts.flatMap(
    (host) => host.etcdVariable('ETCD_ADVERTISE_CLIENT_URLS')?.value.split(',') ?? [],
  );
  if (urls.length === 0) return;
  const wanted = urls.sort().join(',');
  for (const host of hosts) {
    const flag = host.command('apiserver')?.flag('etcd-servers');
    if (flag === undefined || sorted(flag.value) === wanted) continue;
    const message = `--etcd-servers=${flag.value} is not the list of what members advertise, ${wanted}`;
    yield { host: host.name, file: flag.file, line: flag.line, message, fix: again };
  }
}
