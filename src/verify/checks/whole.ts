/** Bundles are whole: the files, flags and variables that the catalog gives to a role are there, as it has them. */
import { certificates } from '../../catalog/certificates.ts';
import { componentOf } from '../../catalog/components.ts';
import { programs } from '../../catalog/daemons.ts';
import { indispensableFlags, ownedFlags } from '../../catalog/flags/owned.ts';
import { hostFiles } from '../../catalog/host-files.ts';
import { authenticationConfig, etcdctlEnv, etcdEnv } from '../../catalog/paths.ts';
import { remembered } from '../../lib/remember.ts';
import type { ComponentKey, Role } from '../../model/cluster.ts';
import { flagRowsOf } from '../../plan/flags.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

const again = 'render again; the bundle is not whole';

/** What roles need in any cluster is there; and hosts of the same roles have the same files. */
export function* filesAreComplete({ hosts }: ClusterView): Iterable<Found> {
  const usual = new Map<string, { readonly host: HostView; readonly paths: ReadonlySet<string> }>();
  for (const host of hosts) {
    const key = host.bundle.roles.join();
    const most = usual.get(key);
    const paths = new Set(host.bundle.files.map(({ path }) => path));
    if (most === undefined || most.paths.size < paths.size) usual.set(key, { host, paths });
  }
  for (const host of hosts) {
    const like = usual.get(host.bundle.roles.join());
    const needed = neededFiles(host.bundle.roles.join());
    for (const path of needed) if (host.file(path) === undefined) yield missing(host, path, 'its role needs');
    if (like === undefined || host.bundle.files.length === like.paths.size) continue;
    for (const path of like.paths)
      if (host.file(path) === undefined && !needed.includes(path) && !isOwnWish(path))
        yield missing(host, path, `${like.host.name}, a host of the same roles, has`);
  }
}

/** Which a host may have or not, by flags of its own. */
const isOwnWish = (path: string) => path === authenticationConfig;

function missing(host: HostView, path: string, who: string): Found {
  const message = `the bundle lacks ${path}, which ${who}`;
  return { host: host.name, file: path, line: undefined, message, fix: again };
}

const neededFiles = remembered((roles: string): readonly string[] => {
  const has = (role: Role) => roles.split(',').includes(role);
  const files = hostFiles.filter((row) => row.when === undefined && row.roles.some(has));
  return files.map(({ path }) => path);
});

interface Placed {
  readonly mode: number;
  readonly owner: string;
}

/** The mode and the owner of each path in the catalog. */
const placed: ReadonlyMap<string, Placed> = new Map([
  ...hostFiles.map(({ path, mode, owner = 'root' }) => [path, { mode, owner }] as const),
  ...certificates.flatMap(({ delivery: { kind, path }, owner }): (readonly [string, Placed])[] =>
    kind === 'kubeconfig'
      ? [[path, { mode: 0o600, owner }]]
      : [
          [`${path}.crt`, { mode: 0o644, owner: 'root' }],
          [`${path}.key`, { mode: 0o600, owner }],
        ],
  ),
]);

/** Files have the modes and owners of the catalog. */
export function* modesAreRight({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    for (const { path, mode, owner, group } of host.bundle.files) {
      const wanted = placed.get(path);
      const at = { host: host.name, file: path, line: undefined };
      if ((mode & 0o022) !== 0)
        yield {
          ...at,
          message: `others than its owner may write ${path}`,
          fix: 'take the right to write away',
        };
      if (wanted === undefined) continue;
      const octal = (bits: number) => bits.toString(8).padStart(4, '0');
      if (mode !== wanted.mode)
        yield {
          ...at,
          message: `the mode is ${octal(mode)}, and must be ${octal(wanted.mode)}`,
          fix: `give it the mode ${octal(wanted.mode)}`,
        };
      if (owner !== wanted.owner || group !== wanted.owner)
        yield {
          ...at,
          message: `it belongs to ${owner}:${group}, and must belong to ${wanted.owner}:${wanted.owner}`,
          fix: `give it to ${wanted.owner}`,
        };
    }
  }
}

/** Flags that hardway sets in every cluster, since other files depend on them, and their value where it is one and the same. */
const ownFlags = remembered((key: string) => {
  const [component, minor = ''] = key.split(' ') as [ComponentKey, string];
  const ownerOf = (flag: string) => ownedFlags[component].find(({ name }) => name.test(flag));
  const isOwn = (flag: string) =>
    ownerOf(flag) !== undefined || indispensableFlags[component]?.includes(flag) === true;
  return flagRowsOf(componentOf(component), minor)
    .filter(({ flag, when }) => when === undefined && isOwn(flag))
    .map(({ flag, value }) => ({
      flag,
      value: value.includes('{') || indispensableFlags[component]?.includes(flag) ? undefined : value,
      mayGo: ownerOf(flag)?.mayGo === true,
    }));
});

/** The flags on which other files depend are there, with the values on which they depend. */
export function* flagsAreComplete({ facts, hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    for (const { component, flag, flags, unit } of host.commands) {
      for (const { flag: name, value, mayGo } of ownFlags(`${component} ${facts.kubernetesMinor}`)) {
        const found = flag(name);
        // The last flags of a command line are those of the component's own environment file.
        const at = found ?? flags.at(-1);
        const place = { host: host.name, file: at?.file ?? unit, line: at?.line };
        if (found === undefined) {
          if (!mayGo) yield { ...place, message: `${programs[component]} lacks --${name}`, fix: again };
        } else if (value !== undefined && found.value !== value)
          yield {
            ...place,
            message: `--${name} of ${programs[component]} is ${found.value}, and must be ${value}`,
            fix: again,
          };
      }
    }
  }
}

/** What keeps etcd to clients and peers with certificates, always with the same value. */
const etcdVariables: Readonly<Record<string, string>> = {
  ETCD_CLIENT_CERT_AUTH: 'true',
  ETCD_PEER_CLIENT_CERT_AUTH: 'true',
  ETCD_AUTO_TLS: 'false',
  ETCD_PEER_AUTO_TLS: 'false',
  ETCD_CERT_FILE: '/etc/etcd/pki/server.crt',
  ETCD_KEY_FILE: '/etc/etcd/pki/server.key',
  ETCD_TRUSTED_CA_FILE: '/etc/etcd/pki/ca.crt',
  ETCD_PEER_CERT_FILE: '/etc/etcd/pki/peer.crt',
  ETCD_PEER_KEY_FILE: '/etc/etcd/pki/peer.key',
  ETCD_PEER_TRUSTED_CA_FILE: '/etc/etcd/pki/ca.crt',
};

const etcdPresent = [
  'ETCD_NAME',
  'ETCD_DATA_DIR',
  'ETCD_LISTEN_CLIENT_URLS',
  'ETCD_LISTEN_PEER_URLS',
  'ETCD_ADVERTISE_CLIENT_URLS',
  'ETCD_INITIAL_ADVERTISE_PEER_URLS',
  'ETCD_INITIAL_CLUSTER',
  'ETCD_INITIAL_CLUSTER_TOKEN',
  'ETCD_INITIAL_CLUSTER_STATE',
];

/** What etcdctl wants on the host; its endpoint is a matter of etcd-urls-covered. */
const etcdctlVariables: Readonly<Record<string, string>> = {
  ETCDCTL_API: '3',
  ETCDCTL_CACERT: '/etc/etcd/pki/ca.crt',
  ETCDCTL_CERT: '/etc/etcd/pki/client.crt',
  ETCDCTL_KEY: '/etc/etcd/pki/client.key',
};

/** etcd asks clients and peers for certificates, and has all variables that it needs; so has etcdctl. */
export function* etcdIsComplete({ withRole }: ClusterView): Iterable<Found> {
  for (const host of withRole('etcd')) {
    const at = { host: host.name, file: etcdEnv, fix: again };
    for (const name of etcdPresent)
      if ((host.etcdVariable(name)?.value ?? '') === '')
        yield { ...at, line: host.etcdVariable(name)?.line, message: `${name} is missing` };
    for (const [name, value] of Object.entries(etcdVariables)) {
      const found = host.etcdVariable(name);
      if (found?.value !== value)
        yield {
          ...at,
          line: found?.line,
          message: `${name} is ${found?.value ?? 'missing'}, and must be ${value}`,
        };
    }
    if (host.file(etcdctlEnv) !== undefined) yield* etcdctlIsComplete(host);
  }
}

/** Variables that are there twice count by their last, as a shell reads them. */
function* etcdctlIsComplete(host: HostView): Iterable<Found> {
  const variables = new Map(host.variables(etcdctlEnv).map((one) => [one.name, one]));
  const at = { host: host.name, file: etcdctlEnv, fix: again };
  for (const [name, value] of Object.entries(etcdctlVariables)) {
    const found = variables.get(name);
    if (found?.value !== value)
      yield {
        ...at,
        line: found?.line,
        message: `${name} is ${found?.value ?? 'missing'}, and must be ${value}`,
      };
  }
  if (!variables.has('ETCDCTL_ENDPOINTS'))
    yield { ...at, line: undefined, message: 'ETCDCTL_ENDPOINTS is missing' };
}

/** Timers have the service that they start. */
export function* timersHaveServices({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    for (const { path, name } of host.units) {
      const service = name.replace(/\.timer$/, '.service');
      if (service === name || host.units.some((unit) => unit.name === service)) continue;
      const message = `the timer starts ${service}, which is not in the bundle`;
      yield { host: host.name, file: path, line: undefined, message, fix: again };
    }
  }
}
