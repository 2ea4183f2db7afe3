/** Every check can pass and can fail: a cluster on which it passes, and a single fault that it finds. */
import { describe, expect, test } from 'vitest';
import { auditCluster } from '../../../src/audit/audit.ts';
import type { Audit } from '../../../src/audit/result.ts';
import type { AuditInput } from '../../../src/audit/scope.ts';
import { type HardeningCheck, hardeningChecks } from '../../../src/catalog/hardening/hardening.ts';
import { faults } from './faults.ts';
import { type WorldName, worlds } from './world.ts';

const audits = new Map<WorldName, Promise<Audit>>();

function auditOf(name: WorldName): Promise<Audit> {
  const known = audits.get(name) ?? worlds[name].then(({ input }) => auditCluster(input, 'all'));
  audits.set(name, known);
  return known;
}

const passesIn = (audit: Audit, { id }: HardeningCheck) => {
  const own = audit.results.filter(({ check }) => check.id === id);
  return own.some(({ status }) => status === 'pass') && own.every(({ status }) => status !== 'fail');
};

/** Checks that hold for no version or file that hardway renders: made to pass by a change. */
async function passing(
  check: HardeningCheck,
): Promise<{ readonly name: WorldName; readonly input: AuditInput } | undefined> {
  const made = faults[check.id]?.passing;
  const name = faults[check.id]?.world;
  if (made !== undefined && name !== undefined) return { name, input: made(await worlds[name]) };
  for (const world of Object.keys(worlds) as WorldName[]) {
    if (name !== undefined && name !== world) continue;
    if (passesIn(await auditOf(world), check)) return { name: world, input: (await worlds[world]).input };
  }
  return undefined;
}

describe.each(hardeningChecks.map((check) => [check.id, check] as const))('%s', (id, check) => {
  test('passes, and fails for a single fault, which is shown where it is', { timeout: 60_000 }, async () => {
    const good = await passing(check);
    if (good === undefined) throw new Error('it passes on no cluster');
    const resultsOf = (input: AuditInput) =>
      auditCluster(input, 'all', [check]).results.filter((result) => result.check.id === id);
    const before = resultsOf(good.input);
    expect(before.some(({ status }) => status === 'pass')).toBe(true);
    expect(before.filter(({ status }) => status === 'fail')).toEqual([]);

    const fault = faults[id];
    if (fault === undefined) throw new Error('no fault is known for it');
    const failed = resultsOf(fault.failing({ ...(await worlds[good.name]), input: good.input })).filter(
      ({ status }) => status === 'fail',
    );
    expect(failed.map(({ message }) => message)).not.toEqual([]);
    for (const { host, message } of failed) {
      expect(host).toMatch(/^[mw]\d$/);
      expect(message).not.toBe('');
    }
  });
});

test('every fault is for a check that there is', () => {
  const ids = new Set(hardeningChecks.map(({ id }) => id));
  expect(Object.keys(faults).filter((id) => !ids.has(id))).toEqual([]);
});
