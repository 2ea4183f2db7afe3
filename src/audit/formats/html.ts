/** An audit as one HTML page: no scripts, no network. */

import { fillMarkup } from '../../lib/markup.ts';
import { fixOf } from '../fix.ts';
import {
  type Audit,
  type AuditResult,
  byCheck,
  type CheckSummary,
  equivalentCount,
  totalsOf,
} from '../result.ts';
import { placeText } from './text.ts';

/** Most hosts of a check that the page lists; the rest is counted. */
const mostHostsListed = 50;

const titles = {
  fail: 'Fails',
  waived: 'Waived',
  pass: 'Passes',
  notApplicable: 'Does not apply',
} as const;

/** The page of a cluster's audit. */
export function auditHtml(audit: Audit, name: string, templatesDir: string): string {
  const { kubernetes, benchmark, profile } = audit;
  const summaries = byCheck(audit);
  const sections = Object.entries(titles).map(([status, title]) => ({
    title,
    status,
    checks: summaries.filter((one) => one.status === status).map((one) => checkRow(one, benchmark)),
  }));
  return fillMarkup(templatesDir, 'audit.html.hbs', {
    name,
    kubernetes,
    benchmark,
    profile,
    totals: totalsOf(summaries),
    equivalent: equivalentCount(summaries),
    sections: sections.filter(({ checks }) => checks.length > 0),
  });
}

function checkRow({ check, status, results }: CheckSummary, benchmark: string) {
  const own = results.filter((result) => result.status === status);
  return {
    id: check.id,
    benchmarkId: check.cis[benchmark] ?? '',
    severity: check.severity,
    note: check.note,
    fix: status === 'fail' ? fixOf(check, benchmark) : '',
    places: own.slice(0, mostHostsListed).map(placeRow),
    more: Math.max(0, own.length - mostHostsListed),
  };
}

function placeRow(result: AuditResult) {
  return { place: placeText(result), message: result.message, why: result.waiver ?? result.equivalent ?? '' };
}
