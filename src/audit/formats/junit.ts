/**
 * An audit as JUnit XML: a suite for each host, a case for each check. The common ground of Jenkins' schema
 * and that of Apache Ant's task; why a case is skipped is text, since not every schema knows a `message` there.
 */

import { fillMarkup, printable } from '../../lib/markup.ts';
import { fixOf } from '../fix.ts';
import { type Audit, type AuditResult, totalsOf } from '../result.ts';
import { placeText } from './text.ts';

/** The document; `now` is when the audit was made. */
export function auditJunit(audit: Audit, now: Date, templatesDir: string): string {
  const byHost = new Map<string, AuditResult[]>();
  for (const result of audit.results) {
    const own = byHost.get(result.host) ?? [];
    byHost.set(result.host, own);
    own.push(result);
  }
  return fillMarkup(templatesDir, 'junit.xml.hbs', {
    // Seconds in UTC without a zone, as the schema's pattern wants them.
    timestamp: now.toISOString().slice(0, 19),
    kubernetes: audit.kubernetes,
    benchmark: audit.benchmark,
    profile: audit.profile,
    suites: [...byHost].map(([host, results]) => suiteOf(audit, host, results)),
  });
}

function suiteOf(audit: Audit, host: string, results: readonly AuditResult[]) {
  const { fail, notApplicable, waived } = totalsOf(results);
  const cases = results.map((result) => caseOf(audit, result));
  return { host, tests: results.length, failures: fail, skipped: notApplicable + waived, cases };
}

function caseOf({ benchmark }: Audit, result: AuditResult) {
  const { check, status, message, waiver } = result;
  return {
    check: check.id,
    component: check.component,
    severity: check.severity,
    isFailure: status === 'fail',
    isSkipped: status === 'notApplicable' || status === 'waived',
    message: printable(status === 'waived' ? `waived: ${waiver ?? ''}` : message),
    place: placeText(result),
    fix: printable(fixOf(check, benchmark)),
  };
}
