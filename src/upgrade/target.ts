/** From one version to another: whether that can be, and by which steps. */
import { findRelease, releases } from '../catalog/releases.ts';
import { compareMinors, parseVersion } from '../lib/version.ts';

export interface Hop {
  readonly from: string;
  readonly to: string;
}

export type Route =
  | { readonly kind: 'route'; readonly hops: readonly Hop[]; readonly warning?: string }
  | { readonly kind: 'mistake'; readonly message: string; readonly fix: string };

/** The steps from a version that an inventory has to a version as somebody wrote it: one minor at a time. */
export function routeTo(from: string, written: string): Route {
  const target = parseVersion(written);
  const start = parseVersion(from);
  if (target === undefined) {
    return mistake(`--to ${written} is no version`, 'write a version such as 1.24 or 1.24.17');
  }
  if (start?.patch === undefined) throw new Error(`${from} is no version with a patch`);
  const order = compareMinors(target.minor, start.minor);
  if (order < 0) {
    return mistake(
      `--to ${written} is older than the inventory's ${from}, and Kubernetes cannot be downgraded across minors: what a newer one has written to etcd an older one may not be able to read`,
      'to go back, restore a backup of etcd from before the upgrade together with the old bundles',
    );
  }
  const release = findRelease(target.minor);
  if (release === undefined) {
    const [oldest, newest] = [releases[0]?.minor, releases.at(-1)?.minor];
    return mistake(
      `Kubernetes ${target.minor} is not known; this version of hardway knows ${oldest} to ${newest}`,
      'see hardway versions',
    );
  }
  const patch = target.patch ?? release.newestPatch;
  const to = `${target.minor}.${patch}`;
  if (patch > release.newestPatch && !release.isMaintained) {
    return mistake(
      `Kubernetes ${to} does not exist; the last patch of ${target.minor} was ${target.minor}.${release.newestPatch}`,
      `write --to ${target.minor}`,
    );
  }
  if (order === 0 && patch === start.patch) {
    return mistake(`the inventory is at ${from} already`, 'name a newer version; see hardway versions');
  }
  if (order === 0 && patch < start.patch) {
    return mistake(`--to ${to} is older than the inventory's ${from}`, 'name a newer version');
  }
  const hops = hopsBetween(from, start.minor, to, target.minor);
  if (patch <= release.newestPatch) return { kind: 'route', hops };
  const newest = `${target.minor}.${release.newestPatch}`;
  return {
    kind: 'route',
    hops,
    warning: `Kubernetes ${to} is newer than this version of hardway, which knows ${newest}`,
  };
}

function mistake(message: string, fix: string): Route {
  return { kind: 'mistake', message, fix };
}

/** By the newest patch of each minor between, since that is where defects of an upgrade are mended. */
function hopsBetween(from: string, fromMinor: string, to: string, toMinor: string): Hop[] {
  const between = releases.filter(
    ({ minor }) => compareMinors(minor, fromMinor) > 0 && compareMinors(minor, toMinor) < 0,
  );
  const stops = [from, ...between.map(({ minor, newestPatch }) => `${minor}.${newestPatch}`), to];
  return stops.slice(1).map((stop, index) => ({ from: stops[index] ?? from, to: stop }));
}
