/**
 * Hardening checks on the bundles of a cluster: files of all hosts and the table of checks in,
 * one result for each check and host out. Every result says which file it was read from. Nothing
 * is read from a disk, no clock is asked, and nothing here knows how files are rendered.
 */
import {
  type Alternative,
  benchmarkOf,
  type Expectation,
  type HardeningCheck,
  hardeningChecks,
  type Verdict,
} from '../catalog/hardening/hardening.ts';
import { compareMinors } from '../lib/version.ts';
import { viewOf } from '../verify/view.ts';
import {
  anonymousForHealthOnly,
  auditPolicyCovers,
  auditPolicyNoBodies,
  noClusterAdminBinding,
  scriptNotMatches,
  setsModesExplicitly,
  verifiesDownloads,
} from './documents.ts';
import { filesOf, isOwnedByConfinedService } from './files.ts';
import { judgeCredentials, noUserCredential } from './keys.ts';
import type { Audit, AuditResult, Outcome, Profile } from './result.ts';
import { type AuditInput, configDocument, type Found, flagOf, type Scope } from './scope.ts';
import { isPresent, settingsOf } from './settings.ts';
import { valueOperators } from './values.ts';

/** Evaluates the checks of a profile, or those given, on every host that has a role of theirs. */
export function auditCluster(
  input: AuditInput,
  profile: Profile,
  candidates: readonly HardeningCheck[] = hardeningChecks,
): Audit {
  const benchmark = benchmarkOf(input.kubernetesMinor);
  const cluster = input.view ?? ownView(input);
  const checks = candidates.filter(({ cis }) => profile === 'all' || benchmark in cis);
  const results = checks.flatMap((check) =>
    cluster.hosts.flatMap((host, index): AuditResult[] => {
      if (!check.roles.some((role) => host.bundle.roles.includes(role))) return [];
      const directories = input.bundles[index]?.directories ?? [];
      const scope = { input, cluster, host, directories, benchmark, check };
      return [{ check, host: host.name, ...resultOf(scope) }];
    }),
  );
  return { kubernetes: input.kubernetesMinor, benchmark, profile, checks, results };
}

/** What audits look at says nothing of endpoints, and does not ask what day it is. */
function ownView({ kubernetesMinor, etcdMinor, bundles }: AuditInput): Scope['cluster'] {
  const endpoint = { host: '', port: 0, mode: 'external' } as const;
  const facts = { kubernetesMinor, etcdMinor, endpoint, bootstrapMethod: '', now: new Date(0) };
  return viewOf(
    facts,
    bundles.map(({ bundle }) => bundle),
  );
}

function resultOf(scope: Scope): Outcome {
  const untold = scope.input.untold?.reason(scope.check, scope.host);
  if (untold !== undefined) return { status: 'notApplicable', message: notTold(untold) };
  if (isOfGoneFlag(scope))
    return worstOf([scope.check.target].flat().map((target) => goneFlag(scope, target)));
  const reason = reasonNotApplicable(scope);
  if (reason !== undefined) return { status: 'notApplicable', message: reason };
  const expected = scope.check.expectByCis?.[scope.benchmark] ?? scope.check.expect;
  const judged = judgeTargets(scope, expected);
  const worst = worstOf(judged);
  // Of all daemons of a host one is not told of: the others do not pass for it.
  const open = scope.check.component === 'any' ? judged.find(({ isUntold }) => isUntold === true) : undefined;
  const literal = worst.status === 'pass' && open !== undefined ? open : worst;
  const { alternative } = scope.check;
  if (literal.status !== 'fail' || alternative === undefined) return literal;
  const other = worstOf(judgeAlternative(scope, alternative));
  // Of what fails by the letter, what fails by the equivalent too is to blame.
  if (other.status !== 'pass')
    return judged.find(({ status, file }) => status === 'fail' && file === other.file) ?? literal;
  return { ...other, equivalent: alternative.equivalent };
}

function reasonNotApplicable(scope: Scope): string | undefined {
  const { check, input, host } = scope;
  const { minVersion, maxVersion } = check.appliesTo;
  if (minVersion !== null && compareMinors(input.kubernetesMinor, minVersion) < 0)
    return `from Kubernetes ${minVersion} on`;
  if (maxVersion !== null && compareMinors(input.kubernetesMinor, maxVersion) > 0)
    return `up to Kubernetes ${maxVersion}`;
  if (check.whenPresent !== undefined && !isPresent(host, check.whenPresent))
    return `there is no ${check.whenPresent}`;
  const { when } = check;
  if (when === undefined) return undefined;
  const holds = settingsOf({ ...scope, check: { ...check, component: '' } }, when.target).some(
    ({ value }) => value !== undefined && operator(when.op)(value, when.value, scope),
  );
  return holds ? undefined : `${when.target} is not set so`;
}

/**
 * Whether a check is about a flag that later binaries do not have, and the table says that they are safe
 * without it. Not so where the table has no word on it: then the check is for other versions.
 */
function isOfGoneFlag(scope: Scope): boolean {
  const { kind, appliesTo } = scope.check;
  const { maxVersion } = appliesTo;
  if (kind !== 'flag' || maxVersion === null) return false;
  return compareMinors(scope.input.kubernetesMinor, maxVersion) > 0 && absentVerdict(scope) === 'pass';
}

/** A flag that is gone must not be given either: the daemon would not start, and whoever gives it wants an older one. */
function goneFlag({ check, input, host }: Scope, target: string): Outcome {
  const { label, value, ...place } = flagOf(host, check.component, target);
  const gone = `Kubernetes ${input.kubernetesMinor} has no such flag`;
  return value === undefined
    ? { status: 'pass', message: `${label}: not set`, ...place, equivalent: gone }
    : { status: 'fail', message: `${label}: set, and ${gone}`, ...place };
}

const notTold = (why: string) => `not told: ${why}`;

/** The worst counts: what fails, then what passes; where nothing is there, nothing applies. */
function worstOf(outcomes: readonly Outcome[]): Outcome {
  const find = (status: Outcome['status']) => outcomes.find((one) => one.status === status);
  return (
    find('fail') ??
    find('pass') ??
    find('notApplicable') ?? { status: 'notApplicable', message: 'nothing of the kind' }
  );
}

function judgeTargets(scope: Scope, expected: Expectation): Judged[] {
  const targets = [scope.check.target].flat();
  const evaluate = evaluators[expected.op] ?? judgeByKind;
  const judged = targets.map((target, index) => evaluate(scope, target, expected, index));
  if (scope.check.targetMatch !== 'any') return judged.flat();
  // Names of one and the same setting: those that are there count.
  const present = judged.flat().filter(({ isAbsent }) => isAbsent !== true);
  return present.length > 0 ? present : judged.slice(0, 1).flat();
}

function judgeAlternative(scope: Scope, alternative: Alternative): Outcome[] {
  const { target } = alternative;
  const evaluate = evaluators[alternative.op] ?? judgeByKind;
  const targets = target === undefined ? [scope.check.target].flat() : [target];
  // The check's own rule for what is missing is not the alternative's: there, missing is failing.
  const { alias: _alias, absentVerdictByCis: _byCis, ...rest } = scope.check;
  const check: HardeningCheck = { ...(target === undefined ? scope.check : rest), absentVerdict: 'fail' };
  return targets.flatMap((one, index) => evaluate({ ...scope, check }, one, alternative, index));
}

type Judged = Outcome & { readonly isAbsent?: boolean; readonly isUntold?: boolean };
type Evaluator = (scope: Scope, target: string, expected: Expectation, index: number) => readonly Judged[];

/** Operators that look at more than a value, a file or a credential. */
const evaluators: Readonly<Record<string, Evaluator>> = {
  modeAtMost: (scope, target, { value }) =>
    judgeFiles(scope, target, ({ mode }) => (mode & ~Number.parseInt(String(value), 8)) === 0, String(value)),
  ownerEq: (scope, target, { value }) =>
    judgeFiles(scope, target, ({ owner, group }) => `${owner}:${group}` === value, String(value)),
  ownedByConfinedService: (scope, target) =>
    judgeFiles(scope, target, (file) => isOwnedByConfinedService(scope, file), 'root or a confined daemon'),
  auditPolicyCovers: (scope, _target, { value }) => auditPolicyCovers(scope, value),
  auditPolicyNoBodies: (scope, _target, { value }) => auditPolicyNoBodies(scope, value),
  anonymousForHealthOnly: (scope) => anonymousForHealthOnly(scope),
  noUserCredential: (scope, _target, { value }) => noUserCredential(scope, value),
  verifiesDownloads: (scope, _target, { value }) => verifiesDownloads(scope, value),
  setsModesExplicitly: (scope) => setsModesExplicitly(scope),
  noClusterAdminBinding: (scope, _target, { value }) => noClusterAdminBinding(scope, value),
};

/** What is there of a target decides: install.sh, credentials, or settings. */
function judgeByKind(scope: Scope, target: string, expected: Expectation, index: number): readonly Judged[] {
  if (target === 'script:install') return scriptNotMatches(scope, expected.value);
  if (/^(?:cert|key|pki):/.test(target) || expected.op === 'presentOnlyOn') {
    const judged = judgeCredentials(scope, target, expected.op, expected.value);
    return judged.length > 0 || target.endsWith('*')
      ? judged
      : [absent(scope, { label: target, value: undefined })];
  }
  return settingsOf(scope, target, index).map((found) => judgeSetting(scope, found, expected));
}

function judgeSetting(scope: Scope, found: Found, expected: Expectation): Judged {
  if (found.value === undefined) return absent(scope, found);
  const counted = expectationFor(scope, found, expected);
  const isGood = operator(counted.op)(found.value, counted.value, scope);
  const shown = found.isSecret ? 'set' : found.value;
  return {
    status: isGood ? 'pass' : 'fail',
    message: `${found.label}: ${shown}`,
    file: found.file,
    line: found.line,
  };
}

/** A setting's second place may have an expectation of its own. */
function expectationFor({ check }: Scope, { label }: Found, expected: Expectation): Expectation {
  const { alias } = check;
  if (alias?.expect === undefined) return expected;
  const isField = !label.startsWith('--');
  return isField === (alias['config-field'] !== undefined) ? alias.expect : expected;
}

function absent(scope: Scope, { label, file, line }: Found): Judged {
  const verdict = absentVerdict(scope);
  const untold = verdict === 'na' ? undefined : scope.input.untold?.absence(scope.check, scope.host, label);
  if (untold !== undefined)
    return { status: 'notApplicable', message: notTold(untold), file, line, isAbsent: true, isUntold: true };
  const statuses = { pass: 'pass', fail: 'fail', na: 'notApplicable' } as const;
  const status = statuses[verdict];
  return { status, message: `${label}: not set`, file, line, isAbsent: true };
}

function absentVerdict({ check, benchmark, input, host }: Scope): Verdict {
  const own = check.absentVerdictByCis?.[benchmark] ?? check.absentVerdict;
  if (typeof own === 'string') return own;
  const fitting = own.find(
    ({ minVersion, maxVersion, when }) =>
      (minVersion === undefined || compareMinors(input.kubernetesMinor, minVersion) >= 0) &&
      (maxVersion === undefined || compareMinors(input.kubernetesMinor, maxVersion) <= 0) &&
      (when === undefined || holds(when, input, host)),
  );
  return fitting?.verdict ?? 'fail';
}

function holds(when: string, input: AuditInput, host: Scope['host']): boolean {
  return when.split('&&').every((condition) => {
    if (condition === 'config-file') return configDocument(host, 'KubeletConfiguration').place !== undefined;
    if (condition === 'flags-only') return configDocument(host, 'KubeletConfiguration').place === undefined;
    if (condition.startsWith('--')) return flagOf(host, 'etcd', condition).value !== undefined;
    const [, sign, minor = ''] = /^etcd(<|>=)(.*)$/.exec(condition) ?? [];
    if (sign === undefined) throw new Error(`no such condition: ${condition}`);
    return compareMinors(input.etcdMinor, minor) >= 0 === (sign === '>=');
  });
}

function judgeFiles(
  scope: Scope,
  target: string,
  isGood: (file: ReturnType<typeof filesOf>['files'][number]) => boolean,
  wanted: string,
): readonly Judged[] {
  const { files, isClass } = filesOf(scope, target);
  if (files.length === 0) return isClass ? [] : [absent(scope, { label: target, value: undefined })];
  return files.map((file) => {
    const is = `${file.mode.toString(8).padStart(4, '0')} ${file.owner}:${file.group}`;
    const good = isGood(file);
    const message = `${file.path}: ${is}${good ? '' : `, wanted ${wanted}`}`;
    // Folders stand in the manifest alone.
    const place = scope.host.file(file.path)?.path;
    return { status: good ? 'pass' : 'fail', message, file: place };
  });
}

function operator(op: string) {
  const found = valueOperators[op];
  if (found === undefined) throw new Error(`no such operator: ${op}`);
  return found;
}
