/** Rules about kubernetes.version. */
import { findRelease, newestCompleteMinor, newestVersion, releases } from '../../catalog/releases.ts';
import { compareMinors, parseVersion } from '../../lib/version.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

const path = ['kubernetes', 'version'];

/** The Kubernetes version exists, and what its binaries want is known. */
export function* versionExists({ inventory }: RuleContext): Iterable<Problem> {
  const written = inventory.kubernetes?.version;
  const version = written === undefined ? undefined : parseVersion(written);
  if (version === undefined) return;
  const { minor, patch } = version;
  const release = findRelease(minor);
  if (release === undefined) yield unknownMinor(minor);
  else {
    if (patch !== undefined && patch > release.newestPatch) yield unknownPatch(minor, patch, release);
    if (compareMinors(minor, newestCompleteMinor) > 0) yield hardlyKnown(minor);
  }
}

function unknownMinor(minor: string): Problem {
  const [oldest = '', newest = ''] = [releases[0]?.minor, releases.at(-1)?.minor];
  const range = `this version of hardway knows ${oldest} to ${newest}`;
  const common = { code: 'unknown-version', path } as const;
  if (compareMinors(minor, oldest) < 0)
    return {
      ...common,
      message: `Kubernetes ${minor} is too old; ${range}`,
      fix: `write "${oldest}" or newer`,
    };
  return {
    ...common,
    message: `Kubernetes ${minor} is not known; ${range}`,
    fix: `write "${newestVersion()}", or use a newer hardway`,
  };
}

function unknownPatch(
  minor: string,
  patch: number,
  { newestPatch, isMaintained }: { readonly newestPatch: number; readonly isMaintained: boolean },
): Problem {
  const newest = `${minor}.${newestPatch}`;
  const common = { code: 'unknown-version', path, fix: `write "${newest}"` } as const;
  if (!isMaintained)
    return {
      ...common,
      message: `Kubernetes ${minor}.${patch} does not exist; the last patch of ${minor} was ${newest}`,
    };
  return {
    ...common,
    severity: 'warning',
    message: `Kubernetes ${minor}.${patch} is newer than this version of hardway, which knows ${newest}`,
    fix: `write "${newest}", or make sure that the patch exists`,
  };
}

function hardlyKnown(minor: string): Problem {
  return {
    code: 'version-hardly-known',
    severity: 'warning',
    path,
    message: `of Kubernetes ${minor} only a beta has been seen: flags and images may differ`,
    fix: `write "${newestVersion()}"`,
  };
}
