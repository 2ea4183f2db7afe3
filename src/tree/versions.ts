/** Which versions a cluster runs, and how that is known. */
import { posix } from 'node:path';
import { readManifest } from '../bundle/read-manifest.ts';
import { componentKeyOf } from '../catalog/daemons.ts';
import { programFolders } from '../catalog/existing-hosts.ts';
import { flagsOf, isAccepted } from '../catalog/flags/flags.ts';
import { findRelease, newestVersion, releases } from '../catalog/releases.ts';
import { compareMinors, parseVersion } from '../lib/version.ts';
import type { TreeHost } from './host.ts';

export interface FoundVersion {
  /** `1.20.2`, or the minor alone. */
  readonly version: string;
  readonly minor: string;
  readonly how: string;
  /** Where it was read; undefined where it was concluded or given. */
  readonly place?: { readonly host: string; readonly file: string; readonly line: number | undefined };
  readonly isAssumed: boolean;
}

/** Of the linker's settings in a program of Kubernetes (hack/lib/version.sh). */
const embeddedVersion = /version\.gitVersion=v(\d+\.\d+\.\d+)/;

/** The version of a Kubernetes daemon on a host, where an image, a program or its path says it. */
export function versionOn(host: TreeHost): FoundVersion | undefined {
  const stated = readManifest(host.found.manifest ?? '').kubernetes;
  if (stated !== undefined)
    return found(stated, 'the manifest of the bundle', {
      host: host.view.name,
      file: 'manifest',
      line: undefined,
    });
  for (const { program, executable, file } of host.starts) {
    if (program === 'etcd') continue;
    const { image, line } = executable;
    const tag = /:v?(\d+\.\d+\.\d+)(?:$|[-@])/.exec(image ?? '')?.[1];
    if (tag !== undefined) return found(tag, `the image of ${program}`, { host: host.view.name, file, line });
  }
  for (const { program, executable } of host.starts) {
    if (program === 'etcd') continue;
    const { path } = executable;
    const places = [
      ...(path === undefined ? [] : [path]),
      ...programFolders.map((folder) => posix.join(folder, program)),
    ];
    for (const place of places) {
      const inside = host.tree.searched(place, embeddedVersion);
      if (inside !== undefined)
        return found(inside, `the program ${program}`, {
          host: host.view.name,
          file: place,
          line: undefined,
        });
      const named = /(?:^|[/_-])v?(1\.\d+\.\d+)(?:[/_-]|$)/.exec(host.tree.target(place) ?? place)?.[1];
      if (named !== undefined)
        return found(named, `the path of ${program}`, { host: host.view.name, file: place, line: undefined });
    }
  }
  return undefined;
}

function found(version: string, how: string, place: NonNullable<FoundVersion['place']>): FoundVersion {
  return { version, minor: parseVersion(version)?.minor ?? version, how, place, isAssumed: false };
}

/** The newest minor that has every flag in use: what is taken where nothing says more. */
export function assumedVersion(hosts: readonly TreeHost[]): FoundVersion {
  const used = hosts.flatMap((host) =>
    host.starts.flatMap(({ program, kind }) => {
      const component = componentKeyOf(program);
      if (component === undefined || kind === 'assumed') return [];
      return (host.view.command(component)?.flags ?? []).map(({ name }) => ({ component, name }));
    }),
  );
  const knownFlags = used.filter(({ component, name }) => Object.hasOwn(flagsOf(component), name));
  const complete = parseVersion(newestVersion())?.minor ?? '';
  const fitting = releases
    .map(({ minor }) => minor)
    .filter((minor) => compareMinors(minor, complete) <= 0)
    .filter((minor) =>
      knownFlags.every(({ component, name }) => {
        const option = flagsOf(component)[name];
        return option !== undefined && isAccepted(option, minor);
      }),
    );
  const minor = fitting.at(-1);
  if (minor === undefined || knownFlags.length === 0) {
    const oldest = releases[0]?.minor ?? '';
    const taken = knownFlags.length === 0 ? complete : oldest;
    const why =
      knownFlags.length === 0 ? 'nothing in the tree tells it' : 'no version known here has all flags in use';
    return { version: taken, minor: taken, how: `taken for granted: ${why}`, isAssumed: true };
  }
  return {
    version: minor,
    minor,
    how: 'taken for granted: the newest version that has every flag in use',
    isAssumed: true,
  };
}

/** etcd's minor: by its image, or as it belongs to the Kubernetes version. */
export function etcdMinorOf(hosts: readonly TreeHost[], kubernetesMinor: string): string {
  const images = hosts.flatMap(({ starts }) =>
    starts.flatMap(({ program, executable }) => (program === 'etcd' ? (executable.image ?? []) : [])),
  );
  const tag = images.flatMap((image) => /:v?(\d+\.\d+)\.\d+/.exec(image)?.[1] ?? [])[0];
  const oldest = releases[0]?.etcd ?? '';
  return tag ?? parseVersion(findRelease(kubernetesMinor)?.etcd ?? oldest)?.minor ?? oldest;
}
