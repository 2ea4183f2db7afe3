/** What an audit comes to: one result for each check and host that it is for. */
import type { HardeningCheck } from '../catalog/hardening/hardening.ts';

export type Status = 'pass' | 'fail' | 'notApplicable' | 'waived';

/** What was looked at, and what came of it; never with a secret in it. */
export interface Outcome {
  readonly status: Exclude<Status, 'waived'>;
  readonly message: string;
  /** Absolute path on the host, or `install.sh`; undefined where the manifest says it. */
  readonly file?: string | undefined;
  /** From 1 on; undefined where the whole file is meant. */
  readonly line?: number | undefined;
  /** Passed not by the letter but by what extensions.ts calls as good. */
  readonly equivalent?: string | undefined;
}

export interface AuditResult extends Omit<Outcome, 'status'> {
  readonly check: HardeningCheck;
  readonly host: string;
  readonly status: Status;
  /** The reason of the waiver. */
  readonly waiver?: string;
}

export interface Totals {
  readonly pass: number;
  readonly fail: number;
  readonly notApplicable: number;
  readonly waived: number;
}

export interface Audit {
  readonly kubernetes: string;
  /** Such as `cis-1.20`. */
  readonly benchmark: string;
  readonly profile: Profile;
  /** The checks of the profile, also those that no host has a role for. */
  readonly checks: readonly HardeningCheck[];
  /** In the order of the checks, then of the hosts. */
  readonly results: readonly AuditResult[];
}

/** `cis`: the checks that the benchmark has; `all`: those and what goes beyond. */
export const profiles = ['all', 'cis'] as const;
export type Profile = (typeof profiles)[number];

/** A check's results on all hosts as one: the worst. */
export interface CheckSummary {
  readonly check: HardeningCheck;
  readonly status: Status;
  readonly results: readonly AuditResult[];
}

const worstFirst: readonly Status[] = ['fail', 'waived', 'pass', 'notApplicable'];

/** Results by check; a check that no host has a role for does not apply. */
export function byCheck({ checks, results }: Audit): CheckSummary[] {
  const groups = new Map<HardeningCheck, AuditResult[]>(checks.map((check) => [check, []]));
  for (const result of results) groups.get(result.check)?.push(result);
  return [...groups].map(([check, own]) => ({
    check,
    status: worstFirst.find((status) => own.some((one) => one.status === status)) ?? 'notApplicable',
    results: own,
  }));
}

/** How many checks pass by an equivalent rather than by the letter. */
export function equivalentCount(summaries: readonly CheckSummary[]): number {
  const isEquivalent = ({ status, results }: CheckSummary) =>
    status === 'pass' && results.some(({ equivalent }) => equivalent !== undefined);
  return summaries.filter(isEquivalent).length;
}

/** How many there are of each status, among checks or among results. */
export function totalsOf(items: readonly { readonly status: Status }[]): Totals {
  const count = (status: Status) => items.filter((item) => item.status === status).length;
  return {
    pass: count('pass'),
    fail: count('fail'),
    notApplicable: count('notApplicable'),
    waived: count('waived'),
  };
}
