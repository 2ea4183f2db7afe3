/** Every path that is named on a host is in its bundle, or comes to be there. */
import { componentOf } from '../../catalog/components.ts';
import { programs } from '../../catalog/daemons.ts';
import {
  hostPaths,
  notPathFields,
  notPathFlags,
  ownPathFields,
  ownPathVariables,
  writtenFlags,
} from '../../catalog/host-paths.ts';
import { etcdctlEnv } from '../../catalog/paths.ts';
import { remembered, rememberedBy, rememberedByObject } from '../../lib/remember.ts';
import type { ComponentKey } from '../../model/cluster.ts';
import { scalarsOf, type YamlDocument } from '../read-yaml.ts';
import type { ClusterView, Found, HostView, Unit } from '../view.ts';

interface Named {
  readonly path: string;
  readonly file: string;
  readonly line: number;
  readonly what: string;
  /** What a daemon makes itself: the folder above must be there. */
  readonly isWritten?: boolean;
  /** The user's own wish, which may lead to a file of the user's own. */
  readonly isForeign?: boolean;
  /** Who reads it, where it is not root. */
  readonly user?: string | undefined;
}

/** Paths in flags, units, environment files and configuration files exist. */
export function* pathsExist({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    const isThere = existence(host);
    for (const list of namedBy(host)) if (!areInOrder(isThere)(list)) yield* problemsOf(host, list, isThere);
  }
}

type IsThere = (path: string) => boolean;

/** Whether root can read all of a list: hosts of a kind share most of their lists, and the answer. */
const areInOrder = rememberedByObject((isThere: IsThere) =>
  rememberedByObject((list: readonly Named[]) =>
    list.every((named) => named.user === undefined && isThere(wantedBy(named))),
  ),
);

/** What must be there for a path that is named. */
function wantedBy({ path, isWritten }: Named): string {
  return isWritten === true ? folderOf(path) : path;
}

function* problemsOf(host: HostView, list: readonly Named[], isThere: IsThere): Iterable<Found> {
  for (const named of list) {
    const wanted = wantedBy(named);
    if (isThere(wanted)) {
      yield* unreadable(host, named);
      continue;
    }
    yield {
      ...(named.isForeign === true ? { severity: 'warning' } : {}),
      host: host.name,
      file: named.file,
      line: named.line,
      message: `${named.what} names ${named.path}, but ${wanted === named.path ? 'it' : wanted} is neither in the bundle of ${host.name} nor made on the host`,
      fix:
        named.isForeign === true
          ? `put ${wanted} on the host before the installation`
          : 'render again; the bundle is not whole',
    };
  }
}

/** A daemon that does not run as root can read what it is told to read. */
function* unreadable(host: HostView, { path, file, line, what, user }: Named): Iterable<Found> {
  const target = host.file(path);
  if (target === undefined || user === undefined || target.owner === user || (target.mode & 0o004) !== 0)
    return;
  if (target.group === user && (target.mode & 0o040) !== 0) return;
  const mode = target.mode.toString(8).padStart(4, '0');
  const message = `${what} names ${path}, which is ${target.owner}'s with mode ${mode}: ${user} cannot read it`;
  yield { host: host.name, file, line, message, fix: `give it to ${user}, as catalog/host-files.ts says` };
}

/** What comes to be on a host; hosts of a kind have one and the same lists, and share the answer. */
function existence({ bundle: { files, made, programs } }: HostView): IsThere {
  return existenceOf(made)(programs)(files.map(({ path }) => path).join('\n'));
}

const existenceOf = rememberedByObject((made: readonly string[]) =>
  rememberedByObject((programs: readonly string[]) =>
    remembered((files: string): IsThere => {
      const brought = [...files.split('\n'), ...made, ...programs];
      const exact = new Set([...brought, ...hostPaths.map(({ path }) => path)]);
      for (const path of brought) for (const folder of foldersAbove(path)) exact.add(folder);
      const trees = hostPaths.filter((row) => row.isTree === true).map((row) => `${row.path}/`);
      return (path) => exact.has(path) || trees.some((tree) => path.startsWith(tree));
    }),
  ),
);

function* foldersAbove(path: string): Iterable<string> {
  for (let folder = folderOf(path); folder !== '/'; folder = folderOf(folder)) yield folder;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1)).replace(/^$/, '/');
}

/** Every path that a file of a host names, with the place. */
export function namedOn(host: HostView): readonly Named[] {
  return namedBy(host).flat();
}

/** The same as lists, one for each that says so; those of files that hosts share are one object. */
const namedBy = rememberedByObject((host: HostView): readonly (readonly Named[])[] => [
  ...host.units.map(inUnit),
  [...inFlags(host), ...inEtcd(host)],
  ...inConfiguration(host),
  ...inOtherText(host),
]);

const pathSettings: readonly string[] = [
  'EnvironmentFile',
  'ExecStart',
  'ExecStartPre',
  'ExecStartPost',
  'ExecReload',
  'ExecStop',
  'ReadWritePaths',
  'ReadOnlyPaths',
  'WorkingDirectory',
  'LoadCredential',
];

const inUnit = rememberedByObject(({ path: file, settings }: Unit): readonly Named[] =>
  settings.flatMap(({ name, value, line }) => {
    if (!pathSettings.includes(name)) return [];
    // Prefixes of ExecStart=, and `-` before a file that may be missing.
    const words = name.startsWith('Exec')
      ? [value.replace(/^[@:+!|]+/, '').split(/\s+/)[0] ?? '']
      : value.split(/\s+/);
    const paths = words.map((word) =>
      word
        .replace(/^"(.*)"$/, '$1')
        .replaceAll('%%', '%')
        .replaceAll('$$', '$'),
    );
    return paths
      .filter((path) => path.startsWith('/'))
      .map((path) => ({ path, file, line, what: `${name}=` }));
  }),
);

function userOf(host: HostView, unitPath: string): string | undefined {
  const settings = host.units.find(({ path }) => path === unitPath)?.settings ?? [];
  const user = settings.findLast(({ name }) => name === 'User')?.value;
  return user === 'root' ? undefined : user;
}

const ownFlags = remembered(
  (component: ComponentKey) => new Set(componentOf(component).flags.map(({ flag }) => flag)),
);

function* inFlags(host: HostView): Iterable<Named> {
  for (const command of host.commands) {
    const ours = ownFlags(command.component);
    const user = userOf(host, command.unit);
    for (const { name, value, file, line } of command.flags) {
      if (notPathFlags.includes(name)) continue;
      const path = value.replace(/^unix:\/\//, '');
      if (!/^\/[^/]/.test(path)) continue;
      const what = `--${name} of ${programs[command.component]}`;
      const isWritten = writtenFlags.includes(name);
      yield { path, file, line, what, isWritten, isForeign: !ours.has(name), user };
    }
  }
}

function* inEtcd(host: HostView): Iterable<Named> {
  const unit = host.units.find(({ name }) => name === 'etcd.service');
  const file = unit?.settings.find(({ name }) => name === 'EnvironmentFile')?.value;
  if (unit === undefined || file === undefined) return;
  const user = userOf(host, unit.path);
  for (const { name, value, line } of host.etcd)
    if (value.startsWith('/'))
      yield { path: value, file, line, what: name, user, isForeign: !ownPathVariables.test(name) };
  for (const { name, value, line } of host.variables(etcdctlEnv))
    if (value.startsWith('/')) yield { path: value, file: etcdctlEnv, line, what: name };
}

/** Kinds whose text values that begin with a slash are paths; in manifests they are the containers'. */
const kindsWithPaths: readonly string[] = [
  'Config',
  'KubeletConfiguration',
  'KubeProxyConfiguration',
  'KubeSchedulerConfiguration',
  'AdmissionConfiguration',
];

function inConfiguration(host: HostView): (readonly Named[])[] {
  return kindsWithPaths.flatMap((kind) =>
    host.ofKind(kind).map(({ path, document }) => inDocument(document)(path)),
  );
}

const inDocument = rememberedBy(
  (document: YamlDocument) => document.alike,
  (document) =>
    remembered((file: string): readonly Named[] =>
      [...scalarsOf(document.value)].flatMap(({ steps, value }) => {
        if (typeof value !== 'string' || notPathFields.includes(String(steps[0]))) return [];
        const path = value.replace(/^unix:\/\//, '');
        const field = steps.join('.');
        const isForeign = document.kind !== 'Config' && !ownPathFields.includes(field);
        if (!path.startsWith('/')) return [];
        return [{ path, file, line: document.lineOf(steps), what: `the field ${field}`, isForeign }];
      }),
    ),
);

/** Texts in double quotes of TOML and JSON. */
function inOtherText(host: HostView): (readonly Named[])[] {
  const files = host.bundle.files.filter(({ path }) => path.endsWith('.toml') || path.endsWith('.json'));
  return files.map(({ path, content }) => quotedPaths(content)(path));
}

const quotedPaths = rememberedByObject((content: Buffer) =>
  remembered((file: string): readonly Named[] =>
    content
      .toString()
      .split('\n')
      .flatMap((line, index) =>
        [...line.matchAll(/"(\/[^"\\]+)"/g)].map(([, path = '']) => ({
          path,
          file,
          line: index + 1,
          what: file.split('/').at(-1) ?? file,
        })),
      ),
  ),
);
