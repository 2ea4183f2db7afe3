/** How to mend what a check found, in one sentence. */
import type { HardeningCheck } from '../catalog/hardening/hardening.ts';

type Phrase = (target: string, value: string) => string;

/** By operator; for the others the note of the check says what is wanted. */
const phrases: Readonly<Record<string, Phrase>> = {
  eq: (target, value) => `set ${target} to ${value}`,
  ne: (target, value) => `set ${target} to something else than ${value}, or leave it out`,
  set: (target) => `set ${target}`,
  absent: (target) => `take ${target} away`,
  contains: (target, value) => `add ${value} to ${target}`,
  containsAny: (target, value) => `add one of ${value} to ${target}`,
  notContains: (target, value) => `take ${value} out of ${target}`,
  noneOf: (target, value) => `take ${value} out of ${target}`,
  oneOf: (target, value) => `set ${target} to one of ${value}`,
  subsetOf: (target, value) => `let ${target} hold nothing but ${value}`,
  gt: (target, value) => `set ${target} above ${value}`,
  gte: (target, value) => `set ${target} to ${value} or more`,
  durationLte: (target, value) => `set ${target} to ${value} or less`,
  durationGt: (target, value) => `set ${target} above ${value}`,
  loopback: (target) => `bind ${target} to loopback`,
  modeAtMost: (target, value) => `give ${target} mode ${value} or stricter`,
  ownerEq: (target, value) => `give ${target} to ${value}`,
};

/** The fix for a check under a benchmark: the inventory key that switches it, where there is one. */
export function fixOf(check: HardeningCheck, benchmark: string): string {
  if (check.fix !== undefined) return check.fix;
  const { op, value } = check.expectByCis?.[benchmark] ?? check.expect;
  const target = [check.target].flat().join(', ');
  const isFlag = check.kind === 'flag' && check.component !== 'any';
  const phrase = phrases[op]?.(
    isFlag ? `${target} of ${check.component}` : target,
    [value].flat().join(', '),
  );
  return phrase ?? check.note;
}

/** The first sentence of a check's note: what it is about. */
export function titleOf({ note }: HardeningCheck): string {
  return /^.*?[.;](?=\s|$)/.exec(note)?.[0].replace(/[.;]$/, '') ?? note;
}
