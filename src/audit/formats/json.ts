/** An audit as JSON, for programs. */
import { fixOf } from '../fix.ts';
import { type Audit, byCheck, equivalentCount, totalsOf } from '../result.ts';

/** The document of `--format json`; `totals` counts checks, each by its worst host. */
export function auditJson(audit: Audit): string {
  const { kubernetes, benchmark, profile } = audit;
  const summaries = byCheck(audit);
  const ofBenchmark = summaries.filter(({ check }) => benchmark in check.cis);
  const checks = summaries.map(({ check, status, results }) => ({
    check: check.id,
    status,
    severity: check.severity,
    benchmarkId: check.cis[benchmark] ?? null,
    cis: check.cis,
    note: check.note,
    fix: fixOf(check, benchmark),
    hosts: results.map(({ host, status: own, message, file, line, equivalent, waiver }) => ({
      host,
      status: own,
      message,
      file: file ?? null,
      line: line ?? null,
      equivalent: equivalent ?? null,
      waiver: waiver ?? null,
    })),
  }));
  const document = {
    kubernetes,
    benchmark,
    profile,
    totals: totalsOf(summaries),
    equivalent: equivalentCount(summaries),
    benchmarkTotals: totalsOf(ofBenchmark),
    checks,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
