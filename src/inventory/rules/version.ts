/** Rules about kubernetes.version. */
import { findRelease, newestPatches, newestVersion, releases } from '../../catalog/releases.ts';
import { parseVersion } from '../../lib/version.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

const path = ['kubernetes', 'version'];

/** The Kubernetes version exists and can be rendered. */
export function* versionExists({ inventory }: RuleContext): Iterable<Problem> {
  const written = inventory.kubernetes?.version;
  const version = written === undefined ? undefined : parseVersion(written);
  if (version === undefined) return;
  const { minor, patch } = version;
  const newest = newestPatches[minor];
  if (newest === undefined) yield unknownMinor(minor);
  else if (findRelease(minor) === undefined) yield notYet(minor);
  // Newer patches of a supported minor cannot exist: its line has ended, or the table would know them.
  else if (patch !== undefined && patch > newest) yield unknownPatch(minor, patch, newest);
}

function unknownMinor(minor: string): Problem {
  const known = Object.keys(newestPatches);
  const message = `Kubernetes ${minor} is not known; known are ${known[0]} to ${known.at(-1)}`;
  return { code: 'unknown-version', path, message, fix: `write "${newestVersion()}"` };
}

function unknownPatch(minor: string, patch: number, newest: number): Problem {
  const message = `Kubernetes ${minor}.${patch} does not exist; the newest patch of ${minor} is ${minor}.${newest}`;
  return { code: 'unknown-version', path, message, fix: `write "${minor}.${newest}"` };
}

function notYet(minor: string): Problem {
  const supported = releases.map((row) => row.minor).join(', ');
  const message = `Kubernetes ${minor} cannot be rendered yet; supported: ${supported}`;
  return { code: 'not-supported-yet', path, message, fix: `write "${newestVersion()}"` };
}
