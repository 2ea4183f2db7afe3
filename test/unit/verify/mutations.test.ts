/**
 * Single faults seeded into good bundles: those that are written out, families of them, and one for
 * every hardening check. Verifier and audit together find them, on the right host and in the right file.
 */
import { expect, test } from 'vitest';
import { auditCluster } from '../../../src/audit/audit.ts';
import type { AuditedHost, AuditInput } from '../../../src/audit/scope.ts';
import { type HardeningCheck, hardeningChecks } from '../../../src/catalog/hardening/hardening.ts';
import { planHost } from '../../../src/plan/plan.ts';
import { clusterFactsOf, type HostBundle } from '../../../src/verify/bundle.ts';
import { verifyCluster } from '../../../src/verify/verify.ts';
import type { Bundles } from '../../support/bundles.ts';
import { faults as faultsOfChecks } from '../audit/faults.ts';
import { installScript, type WorldName, worlds } from '../audit/world.ts';
import { families, faultsOfFamilies } from './families.ts';
import { faults } from './faults.ts';
import { clusters, type Fault, seeded } from './faulty.ts';

interface Place {
  readonly host: string;
  readonly file?: string | undefined;
}

const placeText = ({ host, file }: Place) => `${host} ${file}`;

/** The bundles as an audit takes them. */
async function auditedOf(cluster: keyof typeof clusters, { facts, bundles }: Bundles): Promise<AuditInput> {
  const { cluster: model } = await clusters[cluster];
  const directories = new Map(model.hosts.map((host) => [host.name, planHost(model, host).directories]));
  const audited = bundles.map((bundle) => ({ bundle, directories: directories.get(bundle.host) ?? [] }));
  return { ...facts, bundles: audited, installScript };
}

/** Where checks fail. */
function failuresOf(input: AuditInput, checks = hardeningChecks): string[] {
  return auditCluster(input, 'all', checks)
    .results.filter(({ status }) => status === 'fail')
    .map((result) => `${result.check.id} ${placeText(result)}`);
}

const usualFailures = new Map<string, Promise<ReadonlySet<string>>>();

/** What fails in good bundles too: docs/hardening.md says why. */
function usuallyFails(cluster: keyof typeof clusters): Promise<ReadonlySet<string>> {
  const known =
    usualFailures.get(cluster) ??
    clusters[cluster].then(async ({ good }) => new Set(failuresOf(await auditedOf(cluster, good))));
  usualFailures.set(cluster, known);
  return known;
}

/** Which of the two finds a fault where it is; the audit is asked where the verifier says nothing. */
async function finderOf(fault: Fault): Promise<'verify' | 'audit' | undefined> {
  const { cluster = 'secret' } = fault;
  const wanted = { host: fault.foundOn ?? fault.host, file: fault.foundIn ?? fault.file };
  const bad = await seeded(fault);
  const findings = verifyCluster(bad.facts, bad.bundles);
  if (findings.some((found) => placeText(found) === placeText(wanted))) return 'verify';
  const usual = await usuallyFails(cluster);
  const failures = failuresOf(await auditedOf(cluster, bad)).filter((failure) => !usual.has(failure));
  return failures.some((failure) => failure.endsWith(` ${placeText(wanted)}`)) ? 'audit' : undefined;
}

/** Files that differ between two states of a host. */
function changedFiles(before: HostBundle, after: HostBundle): string[] {
  const old = new Map(before.files.map((file) => [file.path, file]));
  const now = new Map(after.files.map((file) => [file.path, file]));
  return [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path));
}

/** A cluster on which a check passes, and the same with its fault. */
async function faultOf(check: HardeningCheck) {
  const fault = faultsOfChecks[check.id];
  if (fault === undefined) throw new Error(`no fault is known for ${check.id}`);
  for (const name of fault.world === undefined ? (Object.keys(worlds) as WorldName[]) : [fault.world]) {
    const world = await worlds[name];
    const before = fault.passing?.(world) ?? world.input;
    const statuses = auditCluster(before, 'all', [check]).results.map(({ status }) => status);
    if (statuses.includes('fail') || !statuses.includes('pass')) continue;
    return { cluster: world.cluster, before, after: fault.failing({ ...world, input: before }) };
  }
  throw new Error(`${check.id} passes on no cluster`);
}

/** Which of the two finds the fault of a check, seeded on a single host, on that host and in a file that was changed. */
async function finderOfCheck(check: HardeningCheck): Promise<'verify' | 'audit' | undefined> {
  const { cluster, before, after } = await faultOf(check);
  const change = after.bundles
    .map((one, index) => ({ index, files: changesOf(before.bundles[index] ?? one, one) }))
    .find(({ files }) => files.length > 0);
  // install.sh is the same on all hosts.
  if (change === undefined)
    return failuresOf(after, [check]).some((one) => one.endsWith(' install.sh')) ? 'audit' : undefined;
  const bundles = before.bundles.map((one, at) => (at === change.index ? (after.bundles[at] ?? one) : one));
  const places = change.files.map((file) =>
    placeText({ host: bundles[change.index]?.bundle.host ?? '', file }),
  );
  const isThere = (found: readonly string[]) =>
    found.some((one) => places.some((place) => one.endsWith(place)));
  if (isThere(failuresOf({ ...after, bundles }, [check]))) return 'audit';
  const findingsIn = (hosts: AuditInput['bundles']) =>
    verifyCluster(
      clusterFactsOf(cluster, new Date()),
      hosts.map(({ bundle }) => bundle),
    ).map((finding) => `${finding.check} ${placeText(finding)}`);
  const usual = new Set(findingsIn(before.bundles));
  return isThere(findingsIn(bundles).filter((one) => !usual.has(one))) ? 'verify' : undefined;
}

/** Files that differ between two states of a host; a folder stands in the manifest alone. */
function changesOf(before: AuditedHost, after: AuditedHost): (string | undefined)[] {
  const files = changedFiles(before.bundle, after.bundle);
  const folders = before.directories.some((directory, at) => directory !== after.directories[at]);
  return files.length === 0 && folders ? [undefined] : files;
}

test('of at least 150 single faults 98 in 100 are found, on the right host and in the right file', async () => {
  const ofFamilies = await faultsOfFamilies();
  for (const family of Object.keys(families))
    expect(ofFamilies.filter((one) => one.family === family).length, family).toBeGreaterThan(0);

  const tally = { verify: 0, audit: 0 };
  const missed: string[] = [];
  const note = (finder: 'verify' | 'audit' | undefined, what: string) => {
    if (finder === undefined) missed.push(what);
    else tally[finder] += 1;
  };
  for (const fault of [...faults, ...ofFamilies]) {
    const { cluster = 'secret', host, file, fault: what } = fault;
    note(
      await finderOf(fault),
      `${cluster}: ${'family' in fault ? fault.family : 'written'}: ${host} ${file} ${what}`,
    );
  }
  for (const check of hardeningChecks) note(await finderOfCheck(check), `hardening: ${check.id}`);

  const seededFaults = tally.verify + tally.audit + missed.length;
  expect(seededFaults).toBeGreaterThanOrEqual(150);
  expect(tally.audit).toBeGreaterThan(hardeningChecks.length / 2);
  expect(missed.length / seededFaults, missed.join('\n')).toBeLessThanOrEqual(0.02);
  console.log(
    `${seededFaults} single faults: ${tally.verify} found by the verifier, ${tally.audit} by the audit, ${missed.length} missed`,
    ...missed,
  );
}, 600_000);
