/** Whether a minor has something: not yet, no longer, or still but deprecated. */
import { isAccepted, isDeprecated, type Lifetime, type Replacement } from '../catalog/flags/flags.ts';
import { compareMinors } from '../lib/version.ts';
import type { Flaw } from './flaw.ts';

export interface Subject {
  /** `--port`, `the field mode`. */
  readonly name: string;
  /** Whose it is: `kubelet`. */
  readonly owner: string;
  readonly lifetime: Lifetime;
  readonly minor: string;
  /** What to do about it; see replacementFix. */
  readonly fix?: string | undefined;
}

/** An error when a minor does not have the subject. */
export function availability({ name, owner, lifetime, minor, fix }: Subject): Flaw | undefined {
  const { since, removed } = lifetime;
  if (compareMinors(minor, since) < 0) {
    return {
      code: 'flag-version',
      atKey: true,
      message: `${owner} ${minor} does not have ${name} yet; it came with ${since}`,
      fix: 'delete it',
    };
  }
  if (removed === undefined || isAccepted(lifetime, minor)) return undefined;
  return {
    code: 'flag-version',
    atKey: true,
    message: `${owner} ${minor} no longer has ${name}; it went with ${removed}`,
    fix: fix ?? 'delete it',
  };
}

/** A warning when a minor has the subject, but calls it deprecated. */
export function deprecation({ name, owner, lifetime, minor, fix }: Subject): Flaw | undefined {
  if (!isDeprecated(lifetime, minor)) return undefined;
  const removal = lifetime.removed === undefined ? '' : `; ${lifetime.removed} removes it`;
  return {
    code: 'flag-deprecated',
    severity: 'warning',
    atKey: true,
    message: `${owner} ${minor} calls ${name} deprecated${removal}`,
    fix: fix ?? 'look for its successor in the release notes',
  };
}

/** Whether a minor has what replaces an option; false where nothing does. */
export function hasSuccessor(
  replacement: Replacement | undefined,
  successor: Lifetime | undefined,
  minor: string,
): boolean {
  if (replacement === undefined || replacement.none !== undefined) return false;
  if (replacement.since !== undefined && compareMinors(minor, replacement.since) < 0) return false;
  return successor === undefined || isAccepted(successor, minor);
}

/** What to do about an option that has a replacement; `spelt` writes a flag as its owner does. */
export function replacementFix(
  replacement: Replacement | undefined,
  spelt: (flag: string) => string,
): string | undefined {
  if (replacement === undefined) return undefined;
  const { flag, field, use, none } = replacement;
  if (none !== undefined) return `delete it; ${none}`;
  return `use ${flag === undefined ? (use ?? `the field ${field}`) : spelt(flag)} instead`;
}
