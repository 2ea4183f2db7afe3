/** What an audit comes to on whole clusters: scores with defaults, waivers, formats. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditCluster } from '../../../src/audit/audit.ts';
import { auditHtml } from '../../../src/audit/formats/html.ts';
import { auditJson } from '../../../src/audit/formats/json.ts';
import { auditJunit } from '../../../src/audit/formats/junit.ts';
import { auditSarif, reviewUri } from '../../../src/audit/formats/sarif.ts';
import { auditText } from '../../../src/audit/formats/text.ts';
import { type Audit, byCheck, equivalentCount, totalsOf } from '../../../src/audit/result.ts';
import type { AuditInput } from '../../../src/audit/scope.ts';
import { withWaivers } from '../../../src/audit/waivers.ts';
import { componentOf, components } from '../../../src/catalog/components.ts';
import { flagNamesOf } from '../../../src/catalog/flags/flags.ts';
import { benchmarkOf, hardeningChecks } from '../../../src/catalog/hardening/hardening.ts';
import { newestCompleteMinor, releases } from '../../../src/catalog/releases.ts';
import { templatesDir } from '../../../src/lib/package-root.ts';
import { compareMinors } from '../../../src/lib/version.ts';
import type { Waiver } from '../../../src/model/cluster.ts';
import { projectRoot, temporaryFolder } from '../../support/cli.ts';
import { clusterOf } from '../../support/clusters.ts';
import { canRun, findProgram, run } from '../../support/requirements.ts';
import { edited, text, type World, withDirective, withField, withFlag, worldOf } from './world.ts';

const guide = readFileSync(join(projectRoot, 'examples/ha-stacked.yaml'), 'utf8').replace(
  /^apiVersion.*\n/m,
  '',
);
const newest = releases.at(-1)?.minor ?? '';

const guideAt = (minor: string): Promise<World> =>
  worldOf(
    clusterOf(
      guide
        .replace('version: 1.20.2', `version: "${minor}"`)
        .replace(/mode: ipvs\n *ipvsScheduler: rr/, 'mode: iptables'),
    ),
  );

let old: World;
let audit: Audit;
beforeAll(async () => {
  old = await guideAt('1.20');
  audit = auditCluster(old.input, 'all');
}, 60_000);

describe('the benchmark for a version', () => {
  test.each([
    ['1.20', 'cis-1.20'],
    ['1.22', 'cis-1.23'],
    ['1.24', 'cis-1.24'],
    ['1.25', 'cis-1.7'],
    ['1.28', 'cis-1.10'],
    ['1.31', 'cis-1.11'],
    ['1.32', 'cis-1.12'],
    [newest, 'cis-1.12'],
  ])('%s: %s', (minor, benchmark) => {
    expect(benchmarkOf(minor)).toBe(benchmark);
  });

  test('as many checks have an id as the benchmarks have controls', () => {
    const count = (benchmark: string) => hardeningChecks.filter(({ cis }) => benchmark in cis).length;
    expect(hardeningChecks).toHaveLength(202);
    expect({ 'cis-1.20': count('cis-1.20'), 'cis-1.12': count('cis-1.12') }).toEqual({
      'cis-1.20': 97,
      'cis-1.12': 97,
    });
  });
});

/** What fails with defaults; docs/hardening.md says why, and how to switch it. */
const ofDefaults = ['apiserver-admission-always-pull-images', 'no-user-client-certificates'];
/** The guide has a token.csv. */
const ofGuide = ['apiserver-no-token-auth-file', ...ofDefaults, 'bootstrap-token-expires'];

const failing = (one: Audit) =>
  byCheck(one).flatMap(({ check, status }) => (status === 'fail' ? [check.id] : []));

describe("the score of the guide's cluster", () => {
  test('at 1.20', () => {
    const all = byCheck(audit);
    const cis = byCheck(auditCluster(old.input, 'cis'));
    expect(failing(audit)).toEqual(ofGuide);
    expect(totalsOf(all)).toEqual({ pass: 191, fail: 4, notApplicable: 7, waived: 0 });
    expect(totalsOf(cis)).toEqual({ pass: 92, fail: 3, notApplicable: 2, waived: 0 });
    expect([equivalentCount(all), equivalentCount(cis)]).toEqual([5, 4]);
  });

  test('at 1.20 with all defaults, hence with a token that expires', async () => {
    const { input } = await worldOf(clusterOf(guide.replace('bootstrap:\n  method: token-file\n', '')));
    const all = auditCluster(input, 'all');
    expect(failing(all)).toEqual(ofDefaults);
    expect(totalsOf(byCheck(all))).toEqual({ pass: 192, fail: 2, notApplicable: 8, waived: 0 });
  });

  test.each([newestCompleteMinor, newest])('at %s no worse', { timeout: 60_000 }, async (minor) => {
    const world = await guideAt(minor);
    const all = auditCluster(world.input, 'all');
    expect(failing(all)).toEqual(ofGuide);
    expect(totalsOf(byCheck(all))).toEqual({ pass: 192, fail: 4, notApplicable: 6, waived: 0 });
    const cis = byCheck(auditCluster(world.input, 'cis'));
    expect(totalsOf(cis)).toEqual({ pass: 92, fail: 3, notApplicable: 2, waived: 0 });
    expect([equivalentCount(byCheck(all)), equivalentCount(cis)]).toEqual([11, 5]);
  });

  /** Wherever the guide's cluster may be built: no check falls out unseen on the way between the two. */
  test('what does not apply is for other versions, or about files that a network plugin brings', () => {
    const reasons = byCheck(audit)
      .filter(({ status }) => status === 'notApplicable')
      .map(({ check, results }) => `${check.id}: ${results[0]?.message}`);
    expect(reasons).toEqual([
      'cni-config-mode: nothing of the kind',
      'cni-config-owner: nothing of the kind',
      'apiserver-admission-deny-external-ips: from Kubernetes 1.21 on',
      'kubelet-seccomp-default: from Kubernetes 1.25 on',
      'kubelet-unit-ip-address-deny: from Kubernetes 1.29 on',
      'apiserver-pod-security-defaults: from Kubernetes 1.23 on',
      'kubelet-profiling-handler-off: from Kubernetes 1.21 on',
    ]);
  });

  test('each failure has a way to switch it, and stands in docs/hardening.md', () => {
    const docs = readFileSync(join(projectRoot, 'docs/hardening.md'), 'utf8');
    for (const id of ofGuide) {
      expect(hardeningChecks.find((check) => check.id === id)?.fix, id).toBeDefined();
      expect(docs, id).toContain(`\`${id}\``);
    }
  });

  test('every equivalent stands in docs/hardening.md', () => {
    const docs = readFileSync(join(projectRoot, 'docs/hardening.md'), 'utf8');
    for (const { id, alternative } of hardeningChecks)
      if (alternative?.equivalent !== undefined) expect(docs, id).toContain(`\`${id}\``);
  });
});

describe('feature gates of the kubelet', () => {
  const statusesOf = (input: AuditInput, id: string) => {
    const { results } = auditCluster(input, 'all');
    return [...new Set(results.filter(({ check }) => check.id === id).map(({ status }) => status))].sort();
  };
  const gates = (gate: string, value: boolean): AuditInput =>
    withField(old.input, 'KubeletConfiguration', ['featureGates', gate], value);

  test('all unfinished ones are found in its configuration too', () => {
    const id = 'no-all-alpha-feature-gates';
    expect(statusesOf(gates('AllAlpha', true), id)).toContain('fail');
    expect(statusesOf(gates('AllAlpha', false), id)).toEqual(['pass']);
    expect(statusesOf(gates('SomethingElse', true), id)).toEqual(['pass']);
  });

  test('another gate that is off is not the one for serving certificates', () => {
    const id = 'kubelet-rotate-server-cert-gate';
    const told = (value: string) => withFlag(old.input, 'kubelet', '--feature-gates', value);
    expect(statusesOf(told('SomethingElse=false'), id)).toEqual(['pass']);
    expect(statusesOf(told('SomethingElse=true,RotateKubeletServerCertificate=false'), id)).toEqual(['fail']);
  });
});

describe('a flag that the binary no longer has', () => {
  const gone = hardeningChecks.filter(
    ({ kind, appliesTo, absentVerdict }) =>
      kind === 'flag' && appliesTo.maxVersion !== null && absentVerdict !== 'fail',
  );

  test.each(gone.map((check) => [check.id, check] as const))('%s ends with its flag', (_, check) => {
    const minors = releases.map(({ minor }) => minor);
    const after = minors.filter((minor) => compareMinors(minor, check.appliesTo.maxVersion ?? '') > 0);
    const { key } = components.find(({ name }) => name === check.component) ?? componentOf('apiserver');
    for (const target of [check.target].flat())
      for (const minor of after) expect(flagNamesOf(key, minor), minor).not.toContain(target.slice(2));
  });

  test('must not be given', () => {
    const input = withFlag(old.input, 'kube-apiserver', '--basic-auth-file', '/etc/kubernetes/users.csv');
    const results = auditCluster(input, 'all').results.filter(
      ({ check }) => check.id === 'apiserver-no-basic-auth',
    );
    expect(results.map(({ status }) => status)).toEqual(['fail', 'fail', 'fail']);
    expect(results[0]).toMatchObject({ file: '/etc/kubernetes/apiserver', line: expect.any(Number) });
    expect(results[0]?.message).not.toContain('users.csv');
  });
});

describe('places', () => {
  test('a flag is found in its line', () => {
    const input = withFlag(old.input, 'kube-apiserver', '--profiling', 'true');
    const [result] = auditCluster(input, 'all').results.filter(
      ({ check }) => check.id === 'apiserver-profiling-off',
    );
    const file = input.bundles[0]?.bundle.files.find(({ path }) => path === '/etc/kubernetes/apiserver');
    const lines = file?.content.toString().split('\n') ?? [];
    expect(result).toMatchObject({ status: 'fail', host: 'master01', file: '/etc/kubernetes/apiserver' });
    expect(lines[(result?.line ?? 0) - 1]).toContain('--profiling=true');
  });

  test('a field is found in its line', () => {
    const change = text((before) => before.replace('readOnlyPort: 0', 'readOnlyPort: 10255'));
    const input = edited(
      old.input,
      ({ path }, host) => host === 'node02' && path === '/var/lib/kubelet/config.yaml',
      change,
    );
    const results = auditCluster(input, 'all').results.filter(
      ({ check, status }) => check.id === 'kubelet-read-only-port' && status === 'fail',
    );
    expect(results.map(({ host, line }) => [host, line])).toEqual([['node02', 6]]);
  });
});

test('a secret on a command line is found and not shown', () => {
  const input = withDirective(
    old.input,
    'kubelet',
    'ExecStart',
    '/usr/local/bin/kubelet --token=abcdef.0123456789abcdef',
  );
  const results = auditCluster(input, 'all').results.filter(({ status }) => status === 'fail');
  expect(results.map(({ check }) => check.id)).toContain('unit-no-secrets-on-command-line');
  expect(JSON.stringify(results)).not.toContain('0123456789abcdef');
});

describe('waivers', () => {
  const waiver: Waiver = {
    check: 'apiserver-admission-always-pull-images',
    hosts: [],
    reason: 'images come with the bundles',
    expires: '2027-01-31',
  };
  const statuses = (one: Audit) =>
    one.results
      .filter(({ check }) => check.id === waiver.check)
      .map(({ host, status }) => `${host} ${status}`);

  test('count up to their last day', () => {
    const { audit: waived, idle } = withWaivers(audit, [waiver], '2027-01-31');
    expect(statuses(waived)).toEqual(['master01 waived', 'master02 waived', 'master03 waived']);
    expect(idle).toEqual([]);
    expect(totalsOf(byCheck(waived))).toEqual({ pass: 191, fail: 3, notApplicable: 7, waived: 1 });
  });

  test('count no more the day after, and say so', () => {
    const { audit: expired, idle } = withWaivers(audit, [waiver], '2027-02-01');
    expect(statuses(expired)).toEqual(['master01 fail', 'master02 fail', 'master03 fail']);
    expect(idle).toEqual([{ index: 0, why: 'expired' }]);
  });

  test('are for the hosts that they name', () => {
    const { audit: some } = withWaivers(audit, [{ ...waiver, hosts: ['master02'] }], '2027-01-01');
    expect(statuses(some)).toEqual(['master01 fail', 'master02 waived', 'master03 fail']);
  });

  test('for what does not fail are said to be unused', () => {
    const { idle } = withWaivers(audit, [{ ...waiver, check: 'apiserver-profiling-off' }], '2027-01-01');
    expect(idle).toEqual([{ index: 0, why: 'unused' }]);
  });
});

describe('formats', () => {
  const now = new Date('2026-11-21T12:00:00Z');
  const waiver = {
    check: 'apiserver-admission-always-pull-images',
    hosts: [],
    reason: 'a <b> & "c"',
    expires: '2027-01-31',
  };
  const all = () => {
    const { audit: one } = withWaivers(audit, [waiver], '2026-11-21');
    return {
      text: auditText(one, { hosts: 6, quiet: false }),
      json: auditJson(one),
      sarif: auditSarif(one, {
        release: '0.0.0',
        uriOf: (host, file) => reviewUri('./out', host, file),
      }),
      junit: auditJunit(one, now, templatesDir),
      html: auditHtml(one, 'a<b', templatesDir),
    };
  };

  test('JSON has the totals', () => {
    const document = JSON.parse(all().json);
    expect(document).toMatchObject({ kubernetes: '1.20', benchmark: 'cis-1.20', profile: 'all' });
    expect(document.totals).toEqual({ pass: 191, fail: 3, notApplicable: 7, waived: 1 });
    expect(document.checks).toHaveLength(202);
  });

  test('SARIF has what fails and what is waived, at lines of the review tree', () => {
    const { version, runs } = JSON.parse(all().sarif);
    const [run] = runs;
    expect(version).toBe('2.1.0');
    const ids = run.tool.driver.rules.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(ofGuide);
    for (const { ruleId, ruleIndex, level, message, locations } of run.results) {
      expect(ids[ruleIndex]).toBe(ruleId);
      expect(['error', 'warning', 'note']).toContain(level);
      expect(message.text).toMatch(/^(?:master|node)0\d: ./);
      const [{ physicalLocation }] = locations;
      expect(physicalLocation.artifactLocation.uri).toMatch(
        /^out\/review\/\w+\/rootfs\/etc|^out\/review\/\w+\/rootfs\/var/,
      );
      expect(physicalLocation.region.startLine).toBeGreaterThan(0);
    }
    const waived = run.results.filter(
      ({ suppressions }: { suppressions?: object[] }) => suppressions !== undefined,
    );
    expect(waived).toHaveLength(3);
  });

  test('JUnit is well-formed, has the attributes of its schema, and its sums are right', (context) => {
    const { junit } = all();
    const xmllint = findProgram('xmllint');
    if (!canRun('JUnit', { 'xmllint (Debian: libxml2-utils)': xmllint !== undefined })) context.skip();
    const file = join(temporaryFolder('junit'), 'a.xml');
    writeFileSync(file, junit);
    expect(run('xmllint', ['--noout', file])).toBe('');
    const suites = junit.match(/<testsuite .*?<\/testsuite>/gs) ?? [];
    expect(suites).toHaveLength(6);
    for (const suite of suites) {
      const number = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1]);
      const count = (pattern: RegExp) => suite.match(pattern)?.length ?? 0;
      expect(number('tests')).toBe(count(/<testcase /g));
      expect(number('failures')).toBe(count(/<failure /g));
      expect(number('skipped')).toBe(count(/<skipped>/g));
      expect(suite).toMatch(/ timestamp="2026-11-21T12:00:00" /);
    }
  });

  test('what an inventory says is escaped in markup', () => {
    const { junit, html } = all();
    expect(html).toContain('a&lt;b');
    for (const one of [junit, html]) {
      expect(one).toContain('a &lt;b&gt; &amp; &quot;c&quot;');
      expect(one).not.toContain('a <b>');
    }
    expect(html).not.toMatch(/<script|<link|(?:src|href)=/);
  });

  test('text is short and ends with a line break', () => {
    const { text: one } = all();
    expect(one).toMatch(
      /^Kubernetes 1\.20, 6 hosts\n {2}cis-1\.20 +97 checks: 92 pass \(4 by an equivalent\)/,
    );
    expect(one.match(/^FAIL/gm)).toHaveLength(3);
    expect(one.match(/^waived/gm)).toHaveLength(1);
    expect(one.endsWith('\n')).toBe(true);
  });

  test('no secret is in any of them', () => {
    const { pki } = old;
    const keys = [...Object.values(pki.authorities), ...pki.certificates.values()].map(
      ({ privateKeyPem }) => privateKeyPem,
    );
    const body = (pem: string) => pem.split('\n').slice(1, -2).join('').slice(0, 40);
    const secrets = [
      pki.bootstrapToken,
      pki.bootstrapToken.split('.')[1] ?? '',
      pki.encryptionKey,
      ...[...keys, pki.serviceAccount.privateKeyPem].flatMap((pem) => [
        body(pem),
        Buffer.from(pem).toString('base64').slice(60, 120),
      ]),
    ];
    expect(secrets.length).toBeGreaterThan(40);
    for (const [format, content] of Object.entries(all()))
      expect(
        secrets.filter((secret) => content.includes(secret)),
        format,
      ).toEqual([]);
  });
});
