/** The linter against its own tables, and against the programs that it speaks for. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { programs } from '../../../src/catalog/daemons.ts';
import { flagChoices, flagForms } from '../../../src/catalog/flags/choices.ts';
import {
  configFieldsOf,
  configurableKeys,
  flagsOf,
  isAccepted,
  knownEtcdFlags,
  replacementOf,
} from '../../../src/catalog/flags/flags.ts';
import replacements from '../../../src/catalog/flags/replacements.json' with { type: 'json' };
import { releases } from '../../../src/catalog/releases.ts';
import { etcdFlaws } from '../../../src/lint/etcd.ts';
import { fieldFlaws } from '../../../src/lint/fields.ts';
import { flagFlaws, hasBetterFlag } from '../../../src/lint/flags.ts';
import { shapeFlaw } from '../../../src/lint/values.ts';
import { componentKeys } from '../../../src/model/cluster.ts';
import { canRun, findProgram, kubeBinaries } from '../../support/requirements.ts';

const codes = (flaws: readonly { code: string }[]) => flaws.map(({ code }) => code);

describe('the table of replacements', () => {
  test.each(componentKeys)('%s: its flags exist and are on their way out, their successors exist', (key) => {
    const flags = flagsOf(key);
    for (const [name, row] of Object.entries(replacements[key]) as [
      string,
      { flag?: string; field?: string },
    ][]) {
      const old = flags[name];
      expect(old?.deprecated ?? old?.removed, name).toBeDefined();
      if (row.flag !== undefined) expect(flags[row.flag]?.removed, `${name} -> ${row.flag}`).toBeUndefined();
      if (row.field !== undefined) expect(configFieldsOf('kubelet')[row.field], row.field).toBeDefined();
    }
  });

  test('every flag that is removed has a replacement or a reason', () => {
    const missing = componentKeys.flatMap((key) =>
      Object.entries(flagsOf(key))
        .filter(([name, { removed }]) => removed !== undefined && replacementOf(key, name) === undefined)
        .map(([name]) => `${key} ${name}`),
    );
    // cAdvisor's own flags for Docker, which nobody set.
    expect(missing.filter((name) => !/^kubelet docker|non-masquerade-cidr/.test(name))).toEqual([]);
  });

  test('etcd: its flags exist, and their successors', () => {
    for (const [name, row] of Object.entries(replacements.etcd) as [string, { flag?: string }][]) {
      expect(knownEtcdFlags[name], name).toBeDefined();
      if (row.flag !== undefined) expect(knownEtcdFlags[row.flag], row.flag).toBeDefined();
    }
  });
});

test('choices and forms are of flags that exist', () => {
  for (const key of componentKeys)
    for (const name of [...Object.keys(flagChoices[key]), ...Object.keys(flagForms[key])])
      expect(Object.hasOwn(flagsOf(key), name), `${key} ${name}`).toBe(true);
});

describe('flags', () => {
  test.each([
    ['enable-admission-plugins', 'NodeRestriction,PodSecurityPolicy', '1.24', []],
    ['enable-admission-plugins', 'NodeRestriction,PodSecurityPolicy', '1.25', ['version-mismatch']],
    ['enable-admission-plugins', 'Unheard', '1.36', ['unknown-value']],
    ['feature-gates', 'A=true,B=yes', '1.30', ['flag-type']],
    ['feature-gates', 'A=true,B=false', '1.30', []],
    ['service-cluster-ip-range', '10.0.0.0/12,fd00::/112', '1.30', []],
    ['service-cluster-ip-range', '10.0.0.0', '1.30', ['flag-type']],
    ['advertise-address', '::1', '1.30', []],
    ['advertise-address', 'localhost', '1.30', ['flag-type']],
    ['etcd-servers', 'https://[::1]:2379,http://a:1', '1.30', []],
    ['etcd-servers', '192.0.2.1:2379', '1.30', ['flag-type']],
    ['authorization-mode', 'Node,Rbac', '1.30', ['unknown-value']],
    ['vmodule', 'a=1,b=2', '1.30', []],
    ['vmodule', 'a', '1.30', ['flag-type']],
    ['service-node-port-range', '30000+100', '1.30', []],
    ['service-account-api-audiences', 'api', '1.24', ['flag-deprecated']],
    ['logtostderr', 'true', '1.26', ['flag-version']],
    ['no-such-flag', '', '1.26', ['unknown-flag']],
  ])('--%s=%s in %s', (name, value, minor, wanted) => {
    expect(codes(flagFlaws('apiserver', name, value, minor))).toEqual(wanted);
  });

  test.each([
    ['1.23', 'endpoints', []],
    ['1.24', 'endpoints', ['version-mismatch']],
    ['1.27', 'endpointsleases', []],
    ['1.28', 'configmapsleases', ['version-mismatch']],
    ['1.36', 'leases', []],
  ])('in %s a lock of %s', (minor, value, wanted) => {
    for (const key of ['controllerManager', 'scheduler'] as const)
      expect(codes(flagFlaws(key, 'leader-elect-resource-lock', value, minor))).toEqual(wanted);
  });

  test.each([
    ['container-runtime', 'docker', '1.23', []],
    ['container-runtime', 'docker', '1.24', ['version-mismatch']],
    ['container-runtime', 'remote', '1.26', ['flag-deprecated']],
    ['container-runtime', 'remote', '1.27', ['flag-version']],
    ['cloud-provider', 'vsphere', '1.30', ['flag-deprecated']],
    ['cloud-provider', 'vsphere', '1.31', ['version-mismatch']],
    ['cloud-provider', '', '1.31', ['flag-deprecated']],
    ['eviction-hard', 'memory.available<100Mi,nodefs.available<10%', '1.31', []],
  ])('kubelet --%s=%s in %s', (name, value, minor, wanted) => {
    expect(codes(flagFlaws('kubelet', name, value, minor))).toEqual(wanted);
  });

  test('a deprecated flag has something better only where the minor has it', () => {
    expect(hasBetterFlag('apiserver', 'service-account-api-audiences', '1.24')).toBe(true);
    expect(hasBetterFlag('apiserver', 'logtostderr', '1.24')).toBe(false);
    expect(hasBetterFlag('apiserver', 'secure-port', '1.24')).toBe(false);
    expect(hasBetterFlag('apiserver', 'no-such-flag', '1.24')).toBe(false);
  });
});

describe('fields', () => {
  const one = (key: 'kubelet' | 'proxy', name: string, value: unknown, minor = '1.30') =>
    fieldFlaws(key, name, value, minor).map(({ code, steps }) => `${code} ${(steps ?? []).join('.')}`);

  test.each([
    ['kubelet', 'syncFrequency', '1m', []],
    ['kubelet', 'syncFrequency', 60, ['wrong-type ']],
    ['kubelet', 'maxPods', 110.5, ['wrong-type ']],
    ['kubelet', 'maxPods', 2 ** 31, ['wrong-type ']],
    ['kubelet', 'memoryThrottlingFactor', 0.8, []],
    ['kubelet', 'featureGates', { A: true, B: 'true' }, ['wrong-type B']],
    ['kubelet', 'staticPodURLHeader', { a: ['b'] }, []],
    ['kubelet', 'staticPodURLHeader', { a: 'b' }, ['wrong-type a']],
    ['kubelet', 'authentication', { webhook: { enabled: 'yes' } }, ['wrong-type webhook.enabled']],
    ['kubelet', 'authorization', { mode: 'RBAC' }, ['unknown-value mode']],
    ['kubelet', 'registerWithTaints', [{ key: 'a', effect: 'Never' }], ['unknown-value 0.effect']],
    ['kubelet', 'enforceNodeAllocatable', ['pods', 'podz'], ['unknown-value 1']],
    ['kubelet', 'tlsCertFile', null, []],
    ['proxy', 'mode', 'userspace', ['version-mismatch ']],
    ['proxy', 'conntrack', { tcpBeLiberal: true, udpTimout: '1s' }, ['unknown-field udpTimout']],
    ['proxy', 'udpIdleTimeout', '1s', ['flag-version ']],
    ['proxy', 'unheard', 1, ['unknown-field ']],
  ] as const)('%s %s: %o', (key, name, value, wanted) => {
    expect(one(key, name, value)).toEqual(wanted);
  });

  test.each(configurableKeys)('null removes any field of %s', (key) => {
    for (const [name, field] of Object.entries(configFieldsOf(key)))
      for (const { minor } of releases.filter((row) => isAccepted(field, row.minor)))
        expect(
          fieldFlaws(key, name, null, minor).filter(({ severity }) => severity !== 'warning'),
          `${name} ${minor}`,
        ).toEqual([]);
  });
});

describe('etcd', () => {
  const etcd = findProgram('etcd');
  /** Values that etcd 3.4 reads, and others that stop it. */
  const settings: readonly (readonly [string, string, boolean])[] = [
    ['ETCD_HEARTBEAT_INTERVAL', '100', true],
    ['ETCD_HEARTBEAT_INTERVAL', '100ms', false],
    ['ETCD_SNAPSHOT_COUNT', '-1', false],
    ['ETCD_QUOTA_BACKEND_BYTES', '8G', false],
    ['ETCD_ENABLE_V2', 'T', true],
    ['ETCD_ENABLE_V2', 'yes', false],
    ['ETCD_EXPERIMENTAL_WATCH_PROGRESS_NOTIFY_INTERVAL', '5', false],
    ['ETCD_AUTO_COMPACTION_MODE', 'hourly', false],
    ['ETCD_AUTO_COMPACTION_MODE', 'revision', true],
    ['ETCD_LOG_LEVEL', 'loud', false],
    ['ETCD_LOGGER', 'zap', true],
    ['ETCD_NO_SUCH_THING', '1', true],
  ];

  test.each(settings)('%s=%s', (name, value, starts) => {
    const errors = etcdFlaws(name, value, '3.4').filter(({ severity }) => severity !== 'warning');
    expect(errors.length === 0).toBe(starts);
  });

  test.skipIf(!canRun('etcd variables against the real etcd', { etcd: etcd !== undefined }))(
    'the real etcd agrees',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'etcd-'));
      for (const [name, value, starts] of settings) {
        // The last address is nobody's: what etcd can read makes it fail there, a moment later.
        const env = { [name]: value, ETCD_DATA_DIR: folder, ETCD_LISTEN_PEER_URLS: 'http://192.0.2.1:1' };
        const { stderr, stdout } = spawnSync(etcd as string, [], { env, encoding: 'utf8', timeout: 20_000 });
        const reached = /192\.0\.2\.1:1: bind|cannot assign/.test(stderr + stdout);
        expect(reached, `${name}=${value}: ${stderr.slice(-300)}`).toBe(starts);
      }
      rmSync(folder, { recursive: true });
    },
    120_000,
  );

  test.each([
    ['ETCD_ENABLE_V2', '3.5', 'flag-deprecated'],
    ['ETCD_ENABLE_V2', '3.6', 'flag-version'],
    ['ETCD_EXPERIMENTAL_CORRUPT_CHECK_TIME', '3.6', 'flag-deprecated'],
    ['ETCD_EXPERIMENTAL_CORRUPT_CHECK_TIME', '3.7', 'flag-version'],
    ['ETCD_CORRUPT_CHECK_TIME', '3.5', 'flag-version'],
    ['ETCD_UNSUPPORTED_ARCH', '3.4', undefined],
  ])('%s in %s', (name, minor, code) => {
    const [flaw] = etcdFlaws(name, name.endsWith('TIME') ? '1m' : 'true', minor);
    expect(flaw?.code).toBe(code);
    if (flaw !== undefined) expect(flaw.severity).toBe('warning');
  });

  test('an experiment that has ended names its successor', () => {
    const [flaw] = etcdFlaws('ETCD_EXPERIMENTAL_CORRUPT_CHECK_TIME', '1m', '3.7');
    expect(flaw?.fix).toBe('use ETCD_CORRUPT_CHECK_TIME instead');
  });
});

const folder = kubeBinaries();
describe.skipIf(!canRun('the linter against real binaries', { 'Kubernetes binaries': folder !== undefined }))(
  'the real v1.20.2 binaries agree about values',
  () => {
    const cases = [
      ['apiserver', 'advertise-address', 'localhost'],
      ['apiserver', 'advertise-address', '::1'],
      ['apiserver', 'feature-gates', 'TTLAfterFinished=maybe'],
      ['apiserver', 'service-node-port-range', '1-x'],
      ['apiserver', 'service-node-port-range', '30000+100'],
      ['apiserver', 'goaway-chance', '0.1'],
      ['apiserver', 'goaway-chance', 'often'],
      ['apiserver', 'vmodule', 'a=b'],
      ['apiserver', 'oidc-required-claim', 'a'],
      ['apiserver', 'stderrthreshold', '9'],
      ['controllerManager', 'bind-address', '127.0.0.1'],
      ['controllerManager', 'node-monitor-period', '5'],
      ['kubelet', 'eviction-hard', 'memory.available<1Gi'],
      ['kubelet', 'system-reserved', 'cpu'],
      ['kubelet', 'max-pods', '2147483648'],
      ['proxy', 'healthz-bind-address', '0.0.0.0:10256'],
      ['proxy', 'healthz-bind-address', 'everywhere'],
      ['proxy', 'proxy-mode', 'ipvs'],
    ] as const;

    test.each(cases)('%s --%s=%s', (key, name, value) => {
      const { stderr } = spawnSync(`${folder}/${programs[key]}`, [`--${name}=${value}`, '--help'], {
        encoding: 'utf8',
      });
      const isRefused = /invalid argument|Error: /.test(stderr);
      const type = flagsOf(key)[name]?.type ?? '';
      expect(shapeFlaw(`--${name}`, type, value) !== undefined, stderr.slice(0, 300)).toBe(isRefused);
    });
  },
);
