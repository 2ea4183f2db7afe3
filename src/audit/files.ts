/** Targets that are files or folders: with the mode and owner that install.sh gives them. */
import { posix } from 'node:path';
import type { FoundOwnership } from '../model/file.ts';
import { textAt } from '../verify/read-yaml.ts';
import { certificateFiles, keyFiles, kubeconfigsNamed } from './credentials.ts';
import { configDocument, environmentFiles, flagOf, runs, type Scope, unitSettings } from './scope.ts';

export interface HeldFile extends FoundOwnership {
  readonly path: string;
}

/** The files of a target on a host; `isClass` says that there may rightly be none. */
export function filesOf(
  scope: Scope,
  target: string,
): { readonly files: readonly HeldFile[]; readonly isClass: boolean } {
  const [kind = '', ...rest] = target.split(':');
  const paths = pathsOf(scope, kind, rest.join(':'));
  return { files: paths.flatMap((path) => ownershipOf(scope, path)), isClass: target.endsWith('*') };
}

function pathsOf(scope: Scope, kind: string, name: string): string[] {
  const { host, cluster } = scope;
  const flag = (component: string, wanted: string) => flagOf(host, component, wanted).value;
  const some = (...found: readonly (string | undefined)[]) => found.filter((path) => path !== undefined);
  switch (kind) {
    case 'unit':
      return host.units.filter((unit) => unit.name === `${name}.service`).map(({ path }) => path);
    case 'env':
      return environmentFiles(host, name);
    case 'kubeconfig':
      return kubeconfigsNamed(cluster, host, name).map(({ path }) => path);
    case 'key':
      return keyFiles(host).map(({ file }) => file);
    case 'cni-conf':
      return host.bundle.files.map(({ path }) => path).filter((path) => path.startsWith('/etc/cni/'));
    case 'pki':
      return pkiPaths(scope, name);
    case 'config':
      return some(
        {
          kubelet: flag('kubelet', '--config'),
          encryption: flag('kube-apiserver', '--encryption-provider-config'),
          'token-auth-file': flag('kube-apiserver', '--token-auth-file'),
        }[name],
      );
    case 'dir': {
      const log = flag('kube-apiserver', '--audit-log-path');
      return some(
        {
          'etcd-data': flag('etcd', '--data-dir'),
          'audit-log': log === undefined ? undefined : posix.dirname(log),
        }[name],
      );
    }
    default:
      throw new Error(`no such file: ${kind}:${name}`);
  }
}

function pkiPaths(scope: Scope, name: string): string[] {
  const { host } = scope;
  const certificates = certificateFiles(host).map(({ file }) => file);
  const keys = keyFiles(host).map(({ file }) => file);
  if (name === 'cert:*') return certificates;
  if (name === 'key:*') return keys;
  if (name === 'cert:kubelet-client-ca') {
    const { place } = configDocument(host, 'KubeletConfiguration');
    const path =
      textAt(place?.document.value, 'authentication', 'x509', 'clientCAFile') ??
      flagOf(host, 'kubelet', '--client-ca-file').value;
    return path === undefined ? [] : [path];
  }
  const all = [...certificates, ...keys];
  return [...new Set([...all.map((path) => posix.dirname(path)), ...all])];
}

function ownershipOf({ host, directories }: Scope, path: string): HeldFile[] {
  const found = host.file(path) ?? directories.find((directory) => directory.path === path);
  return found === undefined ? [] : [{ path, mode: found.mode, owner: found.owner, group: found.group }];
}

/**
 * Whether only root may change a file: it is root's, or that of an account under which nothing
 * runs but daemons for which systemd mounts /etc read-only.
 */
export function isOwnedByConfinedService(scope: Scope, { mode, owner }: HeldFile): boolean {
  const isForOthers = (mode & 0o022) !== 0;
  if (owner === 'root') return !isForOthers;
  if ((mode & 0o077) !== 0) return false;
  const { host } = scope;
  const units = [...new Set(host.units.map(({ name }) => name.replace(/\.service$/, '')))].filter(
    (unit) => runs(host, unit) && lastOf(scope, unit, 'User') === owner,
  );
  return units.length > 0 && units.every((unit) => isConfined(scope, unit));
}

function isConfined(scope: Scope, unit: string): boolean {
  return ['strict', 'full'].includes(lastOf(scope, unit, 'ProtectSystem') ?? '');
}

function lastOf({ host }: Scope, unit: string, directive: string): string | undefined {
  return unitSettings(host, unit).findLast(({ setting }) => setting.name === directive)?.setting.value;
}
