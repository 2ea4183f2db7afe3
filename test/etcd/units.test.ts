/** Scripts and units of the snapshots as text, judged by bash, shellcheck and systemd. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import * as paths from '../../src/catalog/paths.ts';
import { temporaryFolder } from '../support/cli.ts';
import { clusterOf, oneHost, planOf, renderedTexts } from '../support/clusters.ts';
import { canRun, findProgram } from '../support/requirements.ts';

const root = temporaryFolder('etcd-units');
const scripts = [paths.etcdBackupScript, paths.etcdRestoreScript];
const units = ['service', 'timer'].map((kind) => `${paths.systemdDir}/hardway-etcd-backup.${kind}`);
let texts: ReadonlyMap<string, string>;

beforeAll(async () => {
  const cluster = clusterOf('etcd: { backup: { schedule: "Mon..Fri *-*-* 02:30:00 UTC" } }', oneHost);
  texts = await renderedTexts(planOf(cluster));
  for (const path of [...scripts, ...units]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), texts.get(path) ?? '', { mode: scripts.includes(path) ? 0o755 : 0o644 });
  }
  for (const name of ['sysinit', 'basic', 'shutdown', 'timers', 'time-set', 'time-sync'])
    writeFileSync(join(root, paths.systemdDir, `${name}.target`), '[Unit]\n');
});

test.each(scripts)('%s is accepted by bash, and by shellcheck, style included', (path) => {
  const file = join(root, path);
  expect(spawnSync('bash', ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  const shellcheck = findProgram('shellcheck');
  if (!canRun(path, { shellcheck: shellcheck !== undefined }) || shellcheck === undefined) return;
  const { stdout } = spawnSync(shellcheck, ['--severity=style', '--shell=bash', file], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

test.each(scripts)('%s uses nothing newer than bash 4.2', (path) => {
  expect(texts.get(path)).not.toMatch(
    /\blocal -n\b|\bdeclare -n\b|\$\{[^}]*@[QEPA]\}|\bwait -n\b|\bmapfile\b|\breadarray\b|EPOCH|inherit_errexit/,
  );
});

test('a host of etcd always has the way back, and snapshots only when asked for', async () => {
  const plain = await renderedTexts(planOf(clusterOf(oneHost)));
  expect(plain.has(paths.etcdRestoreScript)).toBe(true);
  for (const path of [paths.etcdBackupScript, ...units]) expect(plain.has(path), path).toBe(false);
});

const hasSystemd = canRun('units of the snapshots', {
  'systemd-analyze': findProgram('systemd-analyze') !== undefined,
});

describe.skipIf(!hasSystemd)('systemd', () => {
  test.each(units)('finds nothing wrong with %s', (path) => {
    const verified = spawnSync(
      'systemd-analyze',
      [`--root=${root}`, 'verify', path.split('/').at(-1) ?? ''],
      {
        encoding: 'utf8',
      },
    );
    const said = verified.stderr.split('\n').filter((line) => line.includes('hardway'));
    expect(said).toEqual([]);
  });

  test('would be told by this way of asking', () => {
    const path = join(root, paths.systemdDir, 'hardway-wrong.timer');
    writeFileSync(path, '[Timer]\nOnCalendar=every night\n');
    const { stderr } = spawnSync('systemd-analyze', [`--root=${root}`, 'verify', 'hardway-wrong.timer'], {
      encoding: 'utf8',
    });
    expect(stderr).toContain('hardway-wrong.timer');
  });

  test('lets the service do little', () => {
    const { stdout } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--threshold=30', `--root=${root}`, 'hardway-etcd-backup.service'],
      { encoding: 'utf8' },
    );
    expect(stdout).toMatch(/Overall exposure level for hardway-etcd-backup\.service: [0-2]\.\d/);
  });
});
