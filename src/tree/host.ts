/** A host out of its tree: what checks look at, and what the tree does not tell. */
import { posix } from 'node:path';
import type { HeldDirectory } from '../audit/scope.ts';
import { readManifest } from '../bundle/read-manifest.ts';
import { componentKeyOf, roleOfDaemon } from '../catalog/daemons.ts';
import { knownPlaces } from '../catalog/existing-hosts.ts';
import { once, remembered } from '../lib/remember.ts';
import type { Role } from '../model/cluster.ts';
import type { BundleFile } from '../verify/bundle.ts';
import { readEnvironment } from '../verify/read-unit.ts';
import { createYamlReader, itemsAt, readYaml, textAt, type YamlDocument } from '../verify/read-yaml.ts';
import {
  type CommandLine,
  type createPemReaders,
  etcdVariableName,
  type Flag,
  type HostView,
  type YamlPlace,
} from '../verify/view.ts';
import { etcdConfigFlags } from './etcd-config.ts';
import type { FoundHost } from './find-hosts.ts';
import { flagsIn, lastFlag } from './flags.ts';
import { filesNamedIn, resolvedKubeconfig } from './kubeconfig.ts';
import { namesOf } from './names.ts';
import { createOwners } from './owners.ts';
import type { Start } from './start.ts';
import { startsOf } from './starts.ts';
import { openTree, type Tree } from './tree.ts';

export interface TreeHost {
  readonly found: FoundHost;
  readonly tree: Tree;
  readonly starts: readonly Start[];
  readonly view: HostView;
  readonly directories: readonly HeldDirectory[];
  /** Whether every file has one and the same owner who is not root: then the copy has lost them. */
  readonly lostOwners: boolean;
  /** Whether keys stand there in the form of review trees, as their fingerprints. */
  readonly isRedacted: boolean;
  /** Of /etc/hostname, as written. */
  readonly hostname: string | undefined;
}

/** Reads one host; `readers` are those of the whole cluster. */
export function readHost(
  found: FoundHost,
  fallbackName: string,
  readers: ReturnType<typeof createPemReaders>,
): TreeHost {
  const tree = openTree(found.mounts);
  const text = (path: string) => tree.file(path)?.content.toString();
  const hostname = text('/etc/hostname')
    ?.split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '' && !line.startsWith('#'));
  const name = found.name ?? hostname ?? fallbackName;
  const starts = startsOf(tree, hostname ?? name);
  const flags = new Map(starts.map(({ program, words }) => [program, flagsIn(program, words)]));
  const etcd = etcdSettings(starts, flags, text);
  const paths = pathsOf(tree, starts, [...[...flags.values()].flat(), ...etcd]);
  const owners = createOwners(text);
  const manifest = readManifest(found.manifest ?? '');
  const stated = new Map(
    [...manifest.files, ...statedFolders(manifest.statements)].map((one) => [one.path, one]),
  );
  const ownershipOf = (path: string, entry: { mode: number; uid: number; gid: number }) => {
    const own = stated.get(path);
    const [owner = '', group = ''] = own?.owner.split(':') ?? [];
    if (own !== undefined) return { mode: Number.parseInt(own.mode, 8), owner, group };
    return { mode: entry.mode, owner: owners.user(entry.uid), group: owners.group(entry.gid) };
  };
  const files = paths.flatMap((path): BundleFile[] => {
    const file = tree.file(path);
    if (file === undefined) return [];
    return [{ path, placement: 'file', content: plainPem(file.content), ...ownershipOf(path, file) }];
  });
  const directories = directoriesOf(files, flags, etcd).flatMap((path) => {
    const entry = tree.folder(path);
    if (entry !== undefined) return [{ path, ...ownershipOf(path, entry) }];
    return stated.has(path) ? [{ path, ...ownershipOf(path, { mode: 0, uid: 0, gid: 0 }) }] : [];
  });
  const uids = new Set(paths.flatMap((path) => tree.file(path)?.uid ?? []));
  const bundle = {
    host: name,
    roles: rolesOf(starts),
    ...namesOf(name, hostname, text('/etc/hosts') ?? '', new Map([...flags, ['etcd', etcd]])),
    files,
    made: [],
    programs: [],
    ports: [],
  };
  return {
    found,
    tree,
    starts,
    directories,
    hostname,
    view: viewOf(bundle, starts, flags, etcd, readers, tree),
    lostOwners: found.manifest === undefined && uids.size === 1 && !uids.has(0),
    isRedacted: files.some(({ content }) =>
      /^\s*(?:client-key-data: )?REDACTED: private key/m.test(content.toString('latin1', 0, 65_536)),
    ),
  };
}

/** Folders that a manifest states. */
function statedFolders(statements: readonly string[]) {
  return statements.flatMap((statement) => {
    const [kind, mode = '', owner = '', path = ''] = statement.split(' ');
    return kind === 'dir' ? [{ path, mode, owner }] : [];
  });
}

/** A certificate with its text form before it, as `openssl ca` writes it, without that. */
function plainPem(content: Buffer): Buffer {
  const start = content.indexOf('-----BEGIN CERTIFICATE-----');
  return start > 0 && content.toString('latin1', 0, 12) === 'Certificate:'
    ? content.subarray(start)
    : content;
}

type FlagsOf = ReadonlyMap<string, readonly Flag[]>;

/** The files of a host that matter: those at known places, and those that these name. */
function pathsOf(tree: Tree, starts: readonly Start[], flags: readonly Flag[]): string[] {
  const paths = new Set<string>();
  const add = (path: string) => {
    if (paths.has(path) || tree.file(path) === undefined) return;
    paths.add(path);
    for (const named of filesNamedBy(path, tree.file(path)?.content.toString() ?? '')) add(named);
  };
  for (const { units, environment } of starts) {
    for (const { path } of units) add(path);
    for (const { file } of environment.values()) add(file);
  }
  for (const { value } of flags) for (const path of value.split(',')) if (path.startsWith('/')) add(path);
  for (const place of knownPlaces) for (const path of tree.below(place)) add(path);
  return [...paths].sort();
}

/** Files that a configuration file or a kubeconfig names. */
function filesNamedBy(path: string, text: string): string[] {
  if (!isYaml(path, text)) return [];
  return readYaml(text).documents.flatMap((document) => {
    if (document.kind === 'Config') return filesNamedIn(document, path);
    const named = [
      textAt(document.value, 'authentication', 'x509', 'clientCAFile'),
      textAt(document.value, 'tlsCertFile'),
      textAt(document.value, 'tlsPrivateKeyFile'),
      textAt(document.value, 'clientConnection', 'kubeconfig'),
      ...itemsAt(document.value, 'plugins').map((plugin) => textAt(plugin, 'path')),
    ];
    return named.flatMap((one) => (one?.startsWith('/') === true ? [one] : []));
  });
}

function isYaml(path: string, text: string): boolean {
  if (/\.(?:crt|pem|key|pub|env|service)$/.test(path)) return false;
  return /\.ya?ml$/.test(path) || /^\s*["']?apiVersion["']?\s*:/m.test(text.slice(0, 4096));
}

/** Folders that checks ask for: those of keys and certificates, of etcd's data and of the audit log. */
function directoriesOf(files: readonly BundleFile[], flags: FlagsOf, etcd: readonly Flag[]): string[] {
  const log = lastFlag(flags.get('kube-apiserver') ?? [], 'audit-log-path')?.value;
  const data = lastFlag(etcd, 'data-dir')?.value;
  const named = [...(log === undefined ? [] : [posix.dirname(log)]), ...(data === undefined ? [] : [data])];
  return [...new Set([...files.map(({ path }) => posix.dirname(path)), ...named])];
}

function rolesOf(starts: readonly Start[]): Role[] {
  const roles = new Set(starts.flatMap(({ program }) => roleOfDaemon[program] ?? []));
  return (['etcd', 'control-plane', 'worker'] as const).filter((role) => roles.has(role));
}

function viewOf(
  bundle: HostView['bundle'],
  starts: readonly Start[],
  flags: FlagsOf,
  etcd: readonly Flag[],
  { parse, keyOf }: ReturnType<typeof createPemReaders>,
  tree: Tree,
): HostView {
  const files = new Map(bundle.files.map((file) => [file.path, file]));
  const text = remembered((path: string) => files.get(path)?.content.toString());
  const read = createYamlReader();
  const yaml = once(() =>
    bundle.files.flatMap(({ path }) => {
      const content = text(path) ?? '';
      return isYaml(path, content) ? [{ path, file: read(content) }] : [];
    }),
  );
  const documents = once(() =>
    yaml().flatMap(({ path, file }) =>
      file.documents.map(
        (document): YamlPlace => ({
          path,
          document: documentOf(document, path, tree),
        }),
      ),
    ),
  );
  const commands = starts.flatMap(({ program, file }): CommandLine[] => {
    const component = componentKeyOf(program);
    if (component === undefined) return [];
    const own = flags.get(program) ?? [];
    return [{ component, unit: file, flags: own, unset: [], flag: (name) => lastFlag(own, name) }];
  });
  const etcdFlag = (name: string) => etcd.findLast((flag) => flag.name === name);
  const variables = etcd.map(({ name, value, line }) => ({
    name: etcdVariableName(name),
    value,
    line,
    words: [],
  }));
  return {
    bundle,
    name: bundle.host,
    file: (path) => files.get(path),
    text,
    units: starts.flatMap(({ units }) => units),
    commands,
    command: (component) => commands.find((one) => one.component === component),
    etcd: variables,
    etcdVariable: (name) => variables.findLast((variable) => variable.name === name),
    etcdFlag,
    variables: (path) => readEnvironment(text(path) ?? ''),
    get yaml() {
      return yaml();
    },
    get documents() {
      return documents();
    },
    ofKind: remembered((kind: string) => documents().filter(({ document }) => document.kind === kind)),
    certificate: (path) => parse(text(path) ?? ''),
    publicKeyOf: (path) => keyOf(text(path) ?? ''),
  };
}

function documentOf(document: YamlDocument, path: string, tree: Tree): YamlDocument {
  if (document.kind === 'Config' && document.apiVersion === 'v1')
    return resolvedKubeconfig(document, path, (named) => tree.file(named)?.content);
  if (document.kind !== 'KubeletConfiguration') return document;
  // kubeadm writes every duration; the kubelet takes zero for its default (pkg/kubelet/apis/config/v1beta1, defaults.go).
  const set = Object.entries(document.value).filter(([, value]) => value !== '0s');
  return { ...document, value: Object.fromEntries(set) };
}

/** The settings of etcd under the names of its flags, the last counts: a configuration file alone, or variables and then flags. */
function etcdSettings(
  starts: readonly Start[],
  flags: FlagsOf,
  text: (path: string) => string | undefined,
): Flag[] {
  const start = starts.find(({ program }) => program === 'etcd');
  if (start === undefined) return [];
  const given = flags.get('etcd') ?? [];
  const variables = [...start.environment.values()].flatMap(({ variable, file }): Flag[] => {
    const [, name] = /^ETCD_(\w+)$/.exec(variable.name) ?? [];
    if (name === undefined) return [];
    return [
      { name: name.toLowerCase().replaceAll('_', '-'), value: variable.value, file, line: variable.line },
    ];
  });
  const config =
    lastFlag(given, 'config-file')?.value ?? variables.find(({ name }) => name === 'config-file')?.value;
  return config === undefined ? [...variables, ...given] : etcdConfigFlags(config, text(config) ?? '');
}
