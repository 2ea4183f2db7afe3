/** An audit as text: the sums first, then what fails, by check. */
import { count } from '../../lib/table.ts';
import { fixOf } from '../fix.ts';
import {
  type Audit,
  type AuditResult,
  byCheck,
  type CheckSummary,
  equivalentCount,
  totalsOf,
} from '../result.ts';

/** Most hosts that a line names; the rest is counted. */
const mostHostsNamed = 5;

/** The text of `hardway audit`. */
export function auditText(
  audit: Audit,
  options: { readonly hosts: number; readonly quiet: boolean },
): string {
  const summaries = byCheck(audit);
  const failing = summaries.filter(({ status }) => status === 'fail');
  const waived = options.quiet ? [] : summaries.filter(({ status }) => status === 'waived');
  const blocks = [...failing, ...waived].map((summary) => checkText(audit, summary));
  const head = options.quiet ? [] : [headText(audit, summaries, options.hosts)];
  return [...head, ...blocks].join('\n');
}

function headText(
  { kubernetes, benchmark, profile }: Audit,
  summaries: readonly CheckSummary[],
  hosts: number,
): string {
  const own = summaries.filter(({ check }) => benchmark in check.cis);
  const lines = profile === 'all' ? [sumsText('all checks', summaries)] : [];
  return `Kubernetes ${kubernetes}, ${count(hosts, 'host')}\n${[sumsText(benchmark, own), ...lines].join('')}`;
}

function sumsText(name: string, summaries: readonly CheckSummary[]): string {
  const { pass, fail, notApplicable, waived } = totalsOf(summaries);
  const equivalent = equivalentCount(summaries);
  const byEquivalent = equivalent === 0 ? '' : ` (${equivalent} by an equivalent)`;
  const sums = `${pass} pass${byEquivalent}, ${fail} fail, ${waived} waived, ${notApplicable} not applicable`;
  return `  ${name.padEnd(10)}  ${count(summaries.length, 'check')}: ${sums}\n`;
}

function checkText({ benchmark }: Audit, { check, status, results }: CheckSummary): string {
  const id = check.cis[benchmark];
  const name = id === undefined ? check.id : `${check.id} (${benchmark} ${id})`;
  const own = results.filter((result) => result.status === status);
  const [first] = own;
  return [
    `${status === 'fail' ? 'FAIL' : 'waived'} ${check.severity}: ${name} on ${hostsText(own)}\n`,
    ...(first === undefined ? [] : [`  found: ${first.message}\n  in:    ${placeText(first)}\n`]),
    ...(first?.waiver === undefined ? [] : [`  why:   ${first.waiver}\n`]),
    ...(status === 'fail' ? [`  fix:   ${fixOf(check, benchmark)}\n`] : []),
  ].join('');
}

function hostsText(results: readonly AuditResult[]): string {
  const names = [...new Set(results.map(({ host }) => host))];
  const more = names.length - mostHostsNamed;
  const named = names.slice(0, mostHostsNamed).join(', ');
  return more > 0 ? `${named} and ${count(more, 'more host')}` : named;
}

/** `master01:/etc/kubernetes/apiserver:25` */
export function placeText({ host, file, line }: AuditResult): string {
  return [host, ...(file === undefined ? [] : [file]), ...(line === undefined ? [] : [line])].join(':');
}
