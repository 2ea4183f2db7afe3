/** Every path that is named on a host is in its bundle, or comes to be there. */
import { componentOf } from '../../catalog/components.ts';
import {
  hostPaths,
  notPathFields,
  notPathFlags,
  ownPathFields,
  ownPathVariables,
  writtenFlags,
} from '../../catalog/host-paths.ts';
import { programs } from '../../lint/flags.ts';
import { scalarsOf } from '../read-yaml.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

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
    for (const named of namedOn(host)) {
      const wanted = named.isWritten === true ? folderOf(named.path) : named.path;
      if (!isThere(wanted)) {
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
      } else yield* unreadable(host, named);
    }
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

function existence({ bundle }: HostView): (path: string) => boolean {
  const exact = new Set([...bundle.files.map(({ path }) => path), ...bundle.made, ...bundle.programs]);
  for (const path of [...exact]) for (const folder of foldersAbove(path)) exact.add(folder);
  const trees = hostPaths.filter((row) => row.isTree === true).map((row) => `${row.path}/`);
  for (const { path } of hostPaths) exact.add(path);
  return (path) => exact.has(path) || trees.some((tree) => path.startsWith(tree));
}

function* foldersAbove(path: string): Iterable<string> {
  for (let folder = folderOf(path); folder !== '/'; folder = folderOf(folder)) yield folder;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1)).replace(/^$/, '/');
}

function* namedOn(host: HostView): Iterable<Named> {
  yield* inUnits(host);
  yield* inFlags(host);
  yield* inEtcd(host);
  yield* inConfiguration(host);
  yield* inOtherText(host);
}

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

function* inUnits(host: HostView): Iterable<Named> {
  for (const unit of host.units) {
    for (const { name, value, line } of unit.settings) {
      if (!pathSettings.includes(name)) continue;
      // Prefixes of ExecStart=, and `-` before a file that may be missing.
      const words = name.startsWith('Exec')
        ? [value.replace(/^[@:+!|]+/, '').split(/\s+/)[0] ?? '']
        : value.split(/\s+/);
      for (const word of words) {
        const path = word
          .replace(/^"(.*)"$/, '$1')
          .replaceAll('%%', '%')
          .replaceAll('$$', '$');
        if (path.startsWith('/')) yield { path, file: unit.path, line, what: `${name}=` };
      }
    }
  }
}

function userOf(host: HostView, unitPath: string): string | undefined {
  const settings = host.units.find(({ path }) => path === unitPath)?.settings ?? [];
  const user = settings.findLast(({ name }) => name === 'User')?.value;
  return user === 'root' ? undefined : user;
}

function* inFlags(host: HostView): Iterable<Named> {
  for (const command of host.commands) {
    const ours = new Set(componentOf(command.component).flags.map(({ flag }) => flag));
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
}

/** Kinds whose text values that begin with a slash are paths; in manifests they are the containers'. */
const kindsWithPaths: readonly string[] = [
  'Config',
  'KubeletConfiguration',
  'KubeProxyConfiguration',
  'KubeSchedulerConfiguration',
  'AdmissionConfiguration',
];

function* inConfiguration(host: HostView): Iterable<Named> {
  for (const kind of kindsWithPaths) {
    for (const { path: file, document } of host.ofKind(kind)) {
      for (const { steps, value } of scalarsOf(document.value)) {
        if (typeof value !== 'string' || notPathFields.includes(String(steps[0]))) continue;
        const path = value.replace(/^unix:\/\//, '');
        const field = steps.join('.');
        const isForeign = kind !== 'Config' && !ownPathFields.includes(field);
        if (path.startsWith('/'))
          yield { path, file, line: document.lineOf(steps), what: `the field ${field}`, isForeign };
      }
    }
  }
}

/** Texts in double quotes of TOML and JSON. */
function* inOtherText(host: HostView): Iterable<Named> {
  for (const { path: file } of host.bundle.files) {
    if (!/\.(?:toml|json)$/.test(file)) continue;
    for (const [index, line] of (host.text(file) ?? '').split('\n').entries()) {
      for (const [, path = ''] of line.matchAll(/"(\/[^"\\]+)"/g))
        yield { path, file, line: index + 1, what: file.split('/').at(-1) ?? file };
    }
  }
}
