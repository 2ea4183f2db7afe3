/** Every check can fail: single faults in good bundles, each found in the right place by the right check. */
import { describe, expect, test } from 'vitest';
import { checks, verifyCluster } from '../../../src/verify/verify.ts';
import { viewOf } from '../../../src/verify/view.ts';
import type { Bundles } from '../../support/bundles.ts';
import { auth, etcd, faults, kubelet, pki } from './faults.ts';
import { clusters, type Good, ofOther, seeded, text, withChange, withFile } from './faulty.ts';

/** What verify finds, which is what every check finds when it is shown all hosts at once. */
function found({ facts, bundles }: Bundles) {
  const findings = verifyCluster(facts, bundles);
  const view = viewOf(facts, bundles);
  const onAll = checks.flatMap(({ name, check }) =>
    [...check(view)].map((one) => JSON.stringify({ check: name, severity: one.severity ?? 'error', ...one })),
  );
  expect(findings.map((one) => JSON.stringify(one))).toEqual([...new Set(onAll)]);
  return findings;
}

describe.each(['secret', 'file', 'signed', 'floating', 'balanced'] as const)(
  'the good bundles (%s)',
  (name) => {
    test('have no findings', async () => {
      const { good, foreign } = await clusters[name];
      expect(found(good)).toEqual([]);
      expect(found(foreign)).toEqual([]);
    });
  },
);

describe('single faults', () => {
  test.each(faults)('$fault', async (fault) => {
    const { host, file, check, line } = fault;
    const bad = await seeded(fault);
    const findings = found(bad);
    const [wantedHost, wantedFile] = [fault.foundOn ?? host, fault.foundIn ?? file];
    const fitting = findings.filter(
      (one) => one.check === check && one.host === wantedHost && one.file === wantedFile,
    );
    expect(fitting, JSON.stringify(findings, null, 1)).not.toEqual([]);
    for (const { message, fix } of findings) expect([message, fix].every((one) => one.length > 5)).toBe(true);
    if (line === undefined) return;
    const target = bad.bundles
      .find((one) => one.host === wantedHost)
      ?.files.find(({ path }) => path === wantedFile);
    const lines = (target?.content.toString() ?? '').split('\n');
    const shown = fitting.map((one) => lines[(one.line ?? 0) - 1] ?? '');
    expect(
      shown.some((one) => line.test(one)),
      shown.join('\n'),
    ).toBe(true);
  });

  test('the key of an authority on a worker', async () => {
    const good: Good = await clusters.secret;
    const key = good.good.bundles[0]?.files.find(({ path }) => path === `${pki}/ca.key`);
    if (key === undefined) throw new Error('no key');
    const findings = found(
      withFile(good, 'w1', { ...key, path: `${pki}/ca.key`, owner: 'root', group: 'root' }),
    );
    const summary = findings.map(({ check, host, file }) => `${check} ${host} ${file}`);
    for (const check of ['keys-kept-secret', 'keys-needed'])
      expect(summary).toContain(`${check} w1 ${pki}/ca.key`);
  });

  test('two hosts with the same certificate and key', async () => {
    const good = await clusters.secret;
    const [certificate, key] = ['crt', 'key'].map((part) => `${pki}/apiserver-kubelet-client.${part}`);
    const once = await withChange(good, 'm2', certificate ?? '', ofOther('good', 'm1'));
    const both = await withChange({ ...good, good: once }, 'm2', key ?? '', (file) => ({
      ...file,
      content: good.good.bundles[0]?.files.find(({ path }) => path === file.path)?.content ?? file.content,
    }));
    expect(found(both).map(({ check, host, file }) => `${check} ${host} ${file}`)).toEqual([
      `keys-match m2 ${key}`,
    ]);
  });

  test.each([
    ['expired', 400, /expired/],
    ['not valid yet', -2, /not valid before/],
  ])('certificates that are %s', async (_, days, message) => {
    const { facts, bundles } = (await clusters.signed).good;
    const now = new Date(facts.now.getTime() + days * 86_400_000);
    const findings = verifyCluster({ ...facts, now }, bundles).filter(
      ({ check }) => check === 'certificates-valid',
    );
    const found = findings.map(({ host, file }) => `${host} ${file}`);
    expect(found).toEqual(expect.arrayContaining([`m1 ${pki}/apiserver.crt`, `w1 ${auth}/kubelet.conf`]));
    expect(findings.every((one) => message.test(one.message))).toBe(true);
  });

  test('runtime sockets that differ', async () => {
    const good = await clusters.secret;
    const changed = await withChange(
      good,
      'w1',
      kubelet,
      text((before) => `${before}containerRuntimeEndpoint: unix:///run/other.sock\n`),
    );
    expect(found(changed).map(({ check }) => check)).toContain('runtime-sockets-agree');
  });

  test.each([
    [kubelet, 'staticPodPath: /etc/kubernetes/manifests\n', 'w1'],
    [etcd, 'ETCD_WAL_DIR="/wal"\n', 'm1'],
  ])('a path of the user in %s is a warning', async (path, added, host) => {
    const good = await clusters.secret;
    const changed = await withChange(
      good,
      host,
      path,
      text((before) => before + added),
    );
    const summary = found(changed).map(({ check, severity, file }) => `${severity} ${check} ${file}`);
    expect(summary).toEqual([`warning paths-exist ${path}`]);
  });

  test('every check has a fault here', () => {
    const tested = new Set([
      ...faults.map(({ check }) => check),
      'runtime-sockets-agree',
      'keys-needed',
      'certificates-valid',
    ]);
    expect(checks.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([]);
  });
});
