/** From the version that was rendered before to the one that the inventory wants now. */
import { compareMinors, parseVersion } from '../lib/version.ts';
import type { Problem } from './problem.ts';

const path = ['kubernetes', 'version'];

/**
 * What is wrong with a step between two versions. API servers of an older minor cannot read
 * what newer ones have stored, and none may be skipped on the way up (Kubernetes' version
 * skew policy).
 */
export function versionStepProblems(from: string, to: string, out: string): Problem[] {
  const [before, after] = [parseVersion(from), parseVersion(to)];
  if (before === undefined || after === undefined) return [];
  const minors = Number(after.minor.split('.')[1]) - Number(before.minor.split('.')[1]);
  if (compareMinors(after.minor, before.minor) < 0)
    return [
      {
        code: 'version-downgrade',
        path,
        message: `${out} holds bundles of Kubernetes ${from} for this cluster, and Kubernetes cannot go back to ${after.minor}: older API servers do not read what newer ones have stored`,
        fix: `write "${from}", or render into another folder with --out when no host has run ${before.minor}`,
      },
    ];
  if (minors > 1) {
    const next = `1.${Number(before.minor.split('.')[1]) + 1}`;
    return [
      {
        code: 'version-skip',
        severity: 'warning',
        path,
        message: `${out} holds bundles of Kubernetes ${from} for this cluster; control planes go up one minor at a time, ${after.minor} skips ${minors - 1}`,
        fix: `write "${next}" first; hardway upgrade-check --to ${to} shows every step`,
      },
    ];
  }
  const isOlderPatch = minors === 0 && (after.patch ?? 0) < (before.patch ?? 0);
  if (!isOlderPatch) return [];
  return [
    {
      code: 'version-downgrade',
      severity: 'warning',
      path,
      message: `${out} holds bundles of Kubernetes ${from} for this cluster; ${to} is an older patch, without its fixes`,
      fix: `write "${from}"`,
    },
  ];
}
