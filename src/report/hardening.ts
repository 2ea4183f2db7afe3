/** The hardening audit as the report shows it: every check, and what it came to on hosts that are alike. */
import { auditCluster } from '../audit/audit.ts';
import { fixOf } from '../audit/fix.ts';
import { byCheck, type Status, type Totals, totalsOf } from '../audit/result.ts';
import type { AuditInput } from '../audit/scope.ts';
import { withWaivers } from '../audit/waivers.ts';
import type { Cluster } from '../model/cluster.ts';
import { type HostClass, hostsText } from './classes.ts';

/** What a check came to on hosts that are alike. */
export interface CheckOutcome {
  readonly status: Status;
  readonly hosts: string;
  readonly message: string;
  /** `HOST/PATH:LINE`; empty where no file is meant. */
  readonly place: string;
  readonly placeText: string;
  /** The reason of a waiver, and the last day on which it counts. */
  readonly waiver: string;
  readonly expires: string;
}

export interface ReportedCheck {
  readonly id: string;
  /** The benchmark's number; empty where the benchmark has no such check. */
  readonly number: string;
  readonly component: string;
  readonly severity: string;
  readonly status: Status;
  readonly note: string;
  /** Only where something fails. */
  readonly fix: string;
  readonly outcomes: readonly CheckOutcome[];
}

export interface ReportedAudit {
  readonly benchmark: string;
  /** Of checks. */
  readonly totals: Totals;
  readonly benchmarkTotals: Totals;
  /** What fails first. */
  readonly checks: readonly ReportedCheck[];
}

const order: readonly Status[] = ['fail', 'waived', 'pass', 'notApplicable'];

/**
 * Audits the hosts that stand for their classes. No clock is asked: a waiver counts here until the
 * page, which is opened on some day, finds it expired.
 */
export function reportedAudit(
  cluster: Cluster,
  classes: readonly HostClass[],
  input: AuditInput,
): ReportedAudit {
  const { audit } = withWaivers(auditCluster(input, 'all'), cluster.audit.waivers, '');
  const classOf = new Map(classes.map((one) => [one.hosts[0]?.name, one]));
  const checks = byCheck(audit).map(({ check, status, results }): ReportedCheck => {
    const { id, component, severity, note, cis } = check;
    const outcomes = results.map((result): CheckOutcome => {
      const { host, file, line, message, waiver = '' } = result;
      const isFile = file?.startsWith('/') ?? false;
      return {
        status: result.status,
        hosts: hostsText(classOf.get(host)?.hosts ?? [], cluster.hosts.length),
        message,
        place: isFile ? `${host}${file}${line === undefined ? '' : `:${line}`}` : '',
        placeText: `${file ?? ''}${line === undefined ? '' : `:${line}`}`,
        waiver,
        expires: expiryOf(cluster, id, host, waiver),
      };
    });
    const number = cis[audit.benchmark] ?? '';
    return {
      id,
      number,
      component,
      severity,
      status,
      note,
      fix: status === 'fail' ? fixOf(check, audit.benchmark) : '',
      outcomes,
    };
  });
  checks.sort((left, right) => order.indexOf(left.status) - order.indexOf(right.status));
  return {
    benchmark: audit.benchmark,
    totals: totalsOf(checks),
    benchmarkTotals: totalsOf(checks.filter(({ number }) => number !== '')),
    checks,
  };
}

function expiryOf({ audit: { waivers } }: Cluster, check: string, host: string, waiver: string): string {
  if (waiver === '') return '';
  const own = waivers.filter(
    (one) => one.check === check && (one.hosts.length === 0 || one.hosts.includes(host)),
  );
  return (
    own
      .map(({ expires }) => expires)
      .sort()
      .at(-1) ?? ''
  );
}
