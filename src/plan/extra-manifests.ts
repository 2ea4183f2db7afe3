/** The files of addons.extra on control planes; their bytes are looked up while rendering. */
import { basename } from 'node:path/posix';
import * as paths from '../catalog/paths.ts';
import type { Cluster } from '../model/cluster.ts';
import type { FileSpec } from '../model/file.ts';

/** One file for each, for root alone: what the operator gives may hold Secrets. */
export function extraManifestFiles({ addons }: Cluster): FileSpec[] {
  return addons.extra.map((file, index) => ({
    path: extraManifestPath(file, index),
    mode: 0o600,
    owner: 'root',
    group: 'root',
    placement: 'file',
    services: ['kube-addons.service'],
    source: { kind: 'extra-manifest', file },
  }));
}

/** Numbered from 001 on, so that the shell that lists the files keeps the order of the inventory. */
export function extraManifestPath(file: string, index: number): string {
  const name = basename(file).replace(/\.(?:ya?ml|json)$/, '');
  return `${paths.extraManifestPrefix}${String(index + 1).padStart(3, '0')}-${name.replaceAll(/[^\w.-]/g, '-')}.yaml`;
}
