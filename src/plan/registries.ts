/** Registries that have mirrors: one file each for containerd, one list for Docker. */
import * as paths from '../catalog/paths.ts';
import type { Cluster } from '../model/cluster.ts';
import type { FileSpec } from '../model/file.ts';

/** The name that images without a registry mean, and where it really is. */
const dockerHub = 'docker.io';
const dockerHubServer = 'https://registry-1.docker.io';

/**
 * containerd's files, one for each registry. A port stands in the folder's name as
 * `_5000_` (containerd, docs/hosts.md), so that no path holds a colon.
 */
export function registryFiles({ runtime }: Cluster): FileSpec[] {
  if (runtime.type !== 'containerd') return [];
  return Object.entries(runtime.registryMirrors).map(([registry, mirrors]) => ({
    path: `${paths.registriesDir}/${registry.replace(/:(\d+)$/, '_$1_')}/hosts.toml`,
    mode: 0o644,
    owner: 'root',
    group: 'root',
    placement: 'file',
    // containerd reads these files at each pull.
    services: [],
    source: {
      kind: 'template',
      template: 'etc/containerd/_hosts.toml.hbs',
      item: {
        registry,
        server: registry === dockerHub ? dockerHubServer : `https://${registry}`,
        mirrors: [...mirrors],
      },
    },
  }));
}

/** Docker knows mirrors of Docker Hub only. */
export function dockerMirrors({ runtime }: Cluster): readonly string[] {
  return runtime.registryMirrors[dockerHub] ?? [];
}
