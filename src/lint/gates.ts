/** Feature gates: a component that is told of one that it does not have does not start. */
import { isAccepted, knownFeatureGates } from '../catalog/flags/flags.ts';
import { nearest } from '../lib/edit-distance.ts';
import { compareMinors } from '../lib/version.ts';
import type { Flaw } from './flaw.ts';

/** What is wrong with a feature gate in a minor. */
export function gateFlaw(name: string, value: boolean | undefined, minor: string): Flaw | undefined {
  if (name === 'AllAlpha' || name === 'AllBeta') return undefined;
  const gate = Object.hasOwn(knownFeatureGates, name) ? knownFeatureGates[name] : undefined;
  if (gate === undefined) return unknownGate(name, minor);
  if (!isAccepted(gate, minor)) {
    const since = gate.removed !== undefined && compareMinors(minor, gate.removed) >= 0;
    const when = since ? `; ${gate.removed} removed it` : `; it came with ${gate.since}`;
    return {
      code: 'version-mismatch',
      atKey: true,
      message: `Kubernetes ${minor} has no feature gate ${name}${when}; a component that is told to set it does not start`,
      fix: 'delete the line',
    };
  }
  const isLocked = gate.locked !== undefined && compareMinors(minor, gate.locked) >= 0;
  if (!isLocked || value === undefined || value === gate.lockedTo) return undefined;
  return {
    code: 'version-mismatch',
    message: `the feature gate ${name} is locked to ${gate.lockedTo} since ${gate.locked}; a component that is told otherwise does not start`,
    fix: 'delete the line',
  };
}

function unknownGate(name: string, minor: string): Flaw {
  const known = Object.entries(knownFeatureGates);
  const near = nearest(
    name,
    known.filter(([, gate]) => isAccepted(gate, minor)).map(([one]) => one),
  );
  return {
    code: 'unknown-feature-gate',
    severity: 'warning',
    atKey: true,
    message: `the feature gate ${name} is not among those known for Kubernetes ${minor}; a component that does not know it does not start`,
    fix: near === undefined ? 'check the name against the release notes' : `write "${near}"`,
  };
}
