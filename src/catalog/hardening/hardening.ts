/**
 * Hardening checks: what guidance expects of flags, fields, files, certificates and units, by
 * Kubernetes minor. README.md beside this file says where the table comes from.
 */
import { compareMinors } from '../../lib/version.ts';
import type { Role } from '../../model/cluster.ts';
import checks from './checks.json' with { type: 'json' };
import { extensions } from './extensions.ts';

/** What is wanted of a target, by an operator of audit/operators.ts. */
export interface Expectation {
  readonly op: string;
  readonly value?: unknown;
}

/** Another way to reach what a check is about. */
export interface Alternative extends Expectation {
  /** Another target than the check's own. */
  readonly target?: string;
  /** Why it is as good; absent where the benchmark itself accepts it. */
  readonly equivalent?: string;
}

export type Verdict = 'pass' | 'fail' | 'na';

/** What a missing setting means; the first entry that fits counts. */
export interface AbsentVerdict {
  readonly minVersion?: string;
  readonly maxVersion?: string;
  /** `config-file`, `flags-only`, `etcd<3.4`, `etcd>=3.4`, `etcd>=3.4&&--flag`. */
  readonly when?: string;
  readonly verdict: Verdict;
}

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

export interface HardeningCheck {
  readonly id: string;
  /** Benchmark to the id there. */
  readonly cis: Readonly<Record<string, string>>;
  readonly component: string;
  readonly kind: string;
  readonly target: string | readonly string[];
  /** Of several targets: each has to do, or those that are set. */
  readonly targetMatch?: 'all' | 'any';
  readonly roles: readonly Role[];
  readonly expect: Expectation;
  readonly alternative?: Alternative;
  readonly expectByCis?: Readonly<Record<string, Expectation>>;
  readonly appliesTo: { readonly minVersion: string | null; readonly maxVersion: string | null };
  readonly absentVerdict: Verdict | readonly AbsentVerdict[];
  readonly absentVerdictByCis?: Readonly<Record<string, Verdict>>;
  readonly alias?: {
    readonly flag?: string | readonly string[];
    readonly 'config-field'?: string;
    readonly whenFlagSet?: string;
    readonly expect?: Expectation;
  };
  /** Variables of etcd, beside each target. */
  readonly env?: string | readonly string[];
  readonly when?: Expectation & { readonly target: string };
  readonly whenPresent?: string;
  readonly severity: Severity;
  readonly note: string;
  /** How to switch it, where an inventory key does; otherwise what is wanted says enough. */
  readonly fix?: string;
}

type Written = Omit<HardeningCheck, 'alternative'> & {
  readonly expect: Expectation & { readonly orAlternative?: Alternative };
};

/** Every check, with what extensions.ts adds. */
export const hardeningChecks: readonly HardeningCheck[] = (checks as unknown as readonly Written[]).map(
  (written) => {
    const alternative = written.expect.orAlternative;
    return { ...written, ...(alternative === undefined ? {} : { alternative }), ...extensions[written.id] };
  },
);

/** The ids of all checks; waivers name them. */
export const hardeningCheckIds: ReadonlySet<string> = new Set(hardeningChecks.map(({ id }) => id));

/** The benchmark that each minor begins with (kube-bench, `version_mapping`); the last one holds for later minors. */
const firstMinors: readonly (readonly [minor: string, benchmark: string])[] = [
  ['1.15', 'cis-1.5'],
  ['1.16', 'cis-1.6'],
  ['1.19', 'cis-1.20'],
  ['1.22', 'cis-1.23'],
  ['1.24', 'cis-1.24'],
  ['1.25', 'cis-1.7'],
  ['1.26', 'cis-1.8'],
  ['1.27', 'cis-1.9'],
  ['1.28', 'cis-1.10'],
  ['1.29', 'cis-1.11'],
  ['1.32', 'cis-1.12'],
];

/** The CIS benchmark for a Kubernetes minor, such as `cis-1.20` for 1.20. */
export function benchmarkOf(minor: string): string {
  const row = firstMinors.findLast(([first]) => compareMinors(minor, first) >= 0) ?? firstMinors[0];
  return row?.[1] ?? '';
}
