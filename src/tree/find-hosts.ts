/** Where the copies of hosts are below a folder: the folder itself, or one folder for each host. */
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { hostMarks } from '../catalog/existing-hosts.ts';
import type { Mount } from './tree.ts';

/** A folder in which no host is found. */
export class HostTreeError extends Error {
  override name = 'HostTreeError';
  readonly fix =
    'name a copy of a host (a folder with etc/kubernetes or the like in it), or a folder with one such copy per host, called as the host is';
}

export interface FoundHost {
  /** The folder's name; undefined where the folder that was named is the host itself. */
  readonly name: string | undefined;
  readonly mounts: readonly Mount[];
  /** The text of the manifest of a bundle or a review tree beside it. */
  readonly manifest: string | undefined;
}

const mostHosts = 10_000;
const mostManifestBytes = 4 * 1_048_576;

/** The hosts below a folder, by name. @throws HostTreeError */
export function findHosts(path: string): FoundHost[] {
  if (!existsSync(path)) throw new HostTreeError(`${path}: there is no such folder`);
  if (!statSync(path).isDirectory()) throw new HostTreeError(`${path}: it is no folder`);
  const single = hostAt(path, undefined);
  if (single !== undefined) return [single];
  // The output of a render has its hosts one step further down.
  const inReview = isFolder(join(path, 'review')) ? hostsIn(join(path, 'review')) : [];
  const found = inReview.length > 0 ? inReview : hostsIn(path);
  const hosts = found.length > 0 ? found : generatedHosts(path);
  if (hosts.length === 0) throw new HostTreeError(`${path}: there is no copy of a host in it`);
  if (hosts.length > mostHosts)
    throw new HostTreeError(`${path}: there are more than ${mostHosts} hosts in it`);
  return hosts;
}

function hostsIn(path: string): FoundHost[] {
  return foldersIn(path).flatMap((name) => hostAt(join(path, name), name) ?? []);
}

/** A host at a folder or at its rootfs, as bundles have it. */
function hostAt(folder: string, name: string | undefined): FoundHost | undefined {
  if (isRoot(folder)) return { name, mounts: [{ at: '/', folder }], manifest: undefined };
  const root = join(folder, 'rootfs');
  // A link could lead anywhere.
  if (!isFolder(root) || !isRoot(root)) return undefined;
  const mounts = [{ at: '/', folder: root }];
  return {
    name: name ?? basename(resolve(folder)),
    mounts,
    manifest: manifestIn(folder),
  };
}

function manifestIn(folder: string): string | undefined {
  const file = join(folder, 'manifest');
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.size > mostManifestBytes) return undefined;
  return readFileSync(file, 'utf8');
}

function isRoot(folder: string): boolean {
  return hostMarks.some((mark) => lstatSync(join(folder, mark), { throwIfNoEntry: false }) !== undefined);
}

/**
 * What k8s-certs-generator writes, before anything is copied: kubernetes/NAME/{auth,pki} for /etc/kubernetes of each
 * control plane and one "kubelet" for all workers, and etcd/pki for /etc/etcd of every member.
 */
function generatedHosts(path: string): FoundHost[] {
  const kubernetes = isFolder(join(path, 'kubernetes')) ? join(path, 'kubernetes') : path;
  const etcd = join(path, 'etcd');
  return foldersIn(kubernetes)
    .filter((name) => isFolder(join(kubernetes, name, 'pki')) && isFolder(join(kubernetes, name, 'auth')))
    .map((name) => ({
      name,
      mounts: [
        { at: '/etc/kubernetes', folder: join(kubernetes, name) },
        ...(isFolder(join(etcd, 'pki')) && name !== 'kubelet' ? [{ at: '/etc/etcd', folder: etcd }] : []),
      ],
      manifest: undefined,
    }));
}

/** Real folders alone: a link could lead anywhere. */
function foldersIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Where a file of a host stands, from the folder in which the host was found. */
export function placeBelow(folder: string, { mounts }: FoundHost, path: string): string {
  const mount = mounts.find(({ at }) => at === '/' || path.startsWith(`${at}/`)) ?? mounts[0];
  const inside = mount === undefined || mount.at === '/' ? path : path.slice(mount.at.length);
  return relative(resolve(folder), resolve(mount?.folder ?? folder, `./${inside}`));
}
