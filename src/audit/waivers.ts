/** Waivers: what fails is let pass until a day, with a reason. */
import type { Waiver } from '../model/cluster.ts';
import type { Audit, AuditResult } from './result.ts';

/** A waiver that did nothing: it expired, or nothing failed that it is for. */
export interface IdleWaiver {
  /** Its place in the list. */
  readonly index: number;
  readonly why: 'expired' | 'unused';
}

/** The audit with waivers applied on a day, `YYYY-MM-DD`, and the waivers that did nothing. */
export function withWaivers(
  audit: Audit,
  waivers: readonly Waiver[],
  today: string,
): { readonly audit: Audit; readonly idle: readonly IdleWaiver[] } {
  const used = new Set<Waiver>();
  const results = audit.results.map((result): AuditResult => {
    const fitting = result.status === 'fail' ? waivers.filter((waiver) => isFor(waiver, result)) : [];
    for (const waiver of fitting) used.add(waiver);
    const valid = fitting.find(({ expires }) => expires >= today);
    return valid === undefined
      ? result
      : { ...result, status: 'waived', waiver: `${valid.reason} (until ${valid.expires})` };
  });
  const idle = waivers.flatMap((waiver, index): IdleWaiver[] => {
    // What another profile leaves out is not said to be unused.
    if (!audit.checks.some(({ id }) => id === waiver.check)) return [];
    if (!used.has(waiver)) return [{ index, why: 'unused' }];
    return waiver.expires < today ? [{ index, why: 'expired' }] : [];
  });
  return { audit: { ...audit, results }, idle };
}

function isFor({ check, hosts }: Waiver, result: AuditResult): boolean {
  return check === result.check.id && (hosts.length === 0 || hosts.includes(result.host));
}
