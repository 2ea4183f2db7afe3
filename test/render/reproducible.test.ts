/** The same inventory and the same store give the same bytes, wherever and whenever; a change touches what it must. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { hardway, projectRoot, temporaryFolder } from '../support/cli.ts';
import { manyHosts } from '../support/clusters.ts';
import { differences, treeOf } from '../support/tree.ts';

const folder = temporaryFolder('reproducible');
const inventory = join(folder, 'inventory.yaml');
const out = join(folder, 'out');
const pki = join(folder, 'pki');
const example = readFileSync(join(projectRoot, 'examples/ha-stacked.yaml'), 'utf8');

function render(...more: string[]) {
  const result = hardway(['render', inventory, '--out', out, '--pki-dir', pki, '--format', 'json', ...more]);
  expect(result.stderr.replace(/^.*(warning|note|see|fix|\|).*$/gm, '')).not.toMatch(/error/);
  expect(result.status).toBe(0);
  return JSON.parse(result.stdout) as {
    changes: { action: 'created' | 'reissued'; what: string; reason: string }[];
    hosts: { name: string; sha256: string }[];
  };
}

let first: Record<string, string>;

beforeAll(() => {
  writeFileSync(inventory, example);
  render();
  first = treeOf(out);
});

describe('the same bytes', () => {
  test('there is something to compare', () => {
    const names = Object.keys(first);
    expect(names.filter((name) => /^bundles\/.*\.tar\.gz$/.test(name))).toHaveLength(6);
    expect(names).toEqual(expect.arrayContaining(['SHA256SUMS', 'report.html', 'review/master01/manifest']));
  });

  test('rendered twice, the store untouched', () => {
    const store = treeOf(pki);
    expect(render().changes).toEqual([]);
    expect(differences(first, treeOf(out))).toEqual([]);
    expect(differences(store, treeOf(pki))).toEqual([]);
  });

  test('rendered into a deleted folder', () => {
    rmSync(out, { recursive: true });
    render();
    expect(differences(first, treeOf(out))).toEqual([]);
  });

  test.each([
    ['another folder', {}, '022'],
    ['another time zone', { TZ: 'Pacific/Kiritimati' }, '022'],
    ['another language', { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', LANGUAGE: 'tr' }, '022'],
    ['a narrow umask', {}, '077'],
    ['a wide umask', {}, '000'],
  ])('with %s', (_, environment, umask) => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere, { recursive: true });
    const { status } = spawnSync(
      'bash',
      [
        '-c',
        `umask ${umask}; exec "$@"`,
        'bash',
        process.execPath,
        join(projectRoot, 'dist/cli.js'),
        'render',
        '../inventory.yaml',
        '--out',
        'out',
        '--pki-dir',
        '../pki',
      ],
      { cwd: elsewhere, env: { PATH: process.env.PATH ?? '', ...environment } },
    );
    expect(status).toBe(0);
    expect(differences(first, treeOf(join(elsewhere, 'out')))).toEqual([]);
    rmSync(elsewhere, { recursive: true });
  });

  test('in a cluster of twenty workers and in one of a hundred and twenty, for the same worker', () => {
    const bundlesOf = (count: number) => {
      const many = join(folder, `many-${count}.yaml`);
      const to = join(folder, `many-${count}`);
      writeFileSync(many, manyHosts(count).replace('hosts:', 'hostsFile: { manage: false }\nhosts:'));
      const args = ['render', many, '--quiet', '--out', to, '--pki-dir', join(folder, 'many-pki')];
      expect(hardway(args).status).toBe(0);
      return treeOf(join(to, 'bundles'));
    };
    const few = bundlesOf(20);
    // So many are written by a thread of their own.
    const many = bundlesOf(120);
    expect(Object.keys(many)).toHaveLength(121);
    const workers = Object.keys(few).filter((name) => name.startsWith('n'));
    expect(workers).toHaveLength(20);
    for (const name of workers) expect({ name, sum: many[name] }).toEqual({ name, sum: few[name] });
  });

  test('with the store moved elsewhere, and the inventory on standard input', () => {
    renameSync(pki, `${pki}2`);
    const { status } = hardway(['render', '-', '--out', `${out}2`, '--pki-dir', `${pki}2`], {
      input: example,
    });
    renameSync(`${pki}2`, pki);
    expect(status).toBe(0);
    expect(differences(first, treeOf(`${out}2`))).toEqual([]);
  });

  test('SHA256SUMS holds for the bundles', () => {
    expect(
      spawnSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: out }).status,
    ).toBe(0);
  });
});

describe('a change of the inventory', () => {
  test('a name more in extraSANs re-issues one certificate of each control plane, and says why', () => {
    const before = treeOf(pki);
    writeFileSync(inventory, `${example}pki: { extraSANs: [api.other.example] }\n`);
    const { changes } = render();
    const ids = [1, 2, 3].map((number) => `hosts/master0${number}/apiserver`);
    expect(changes).toEqual(
      ids.map((what) => ({ action: 'reissued', what, reason: expect.stringContaining('api.other.example') })),
    );
    expect(differences(before, treeOf(pki))).toEqual(ids.flatMap((id) => [`${id}.crt`, `${id}.key`]).sort());
  });

  test('as text, every re-issued certificate has its line', () => {
    writeFileSync(inventory, `${example}pki: { extraSANs: [third.example] }\n`);
    const { stdout } = hardway(['render', inventory, '--out', out, '--pki-dir', pki]);
    const lines = stdout.split('\n').filter((line) => line.startsWith('re-issued '));
    expect(lines).toHaveLength(3);
    for (const line of lines)
      expect(line).toMatch(/^re-issued hosts\/master0[123]\/apiserver: .*third\.example/);
  });

  test('a worker more gets its own files, nobody else a new one', () => {
    writeFileSync(inventory, example);
    render();
    const store = treeOf(pki);
    const output = treeOf(out);
    writeFileSync(inventory, `${example}  - { name: node04, address: 172.16.0.107, roles: [worker] }\n`);
    const { changes } = render();
    expect(
      changes.every(({ action, what }) => action === 'created' && what.startsWith('hosts/node04/')),
    ).toBe(true);
    expect(changes.length).toBeGreaterThan(0);
    const changed = differences(store, treeOf(pki));
    expect(changed.filter((name) => !name.startsWith('hosts/node04/'))).toEqual([]);
    // Of the others only what lists all hosts may differ.
    const files = differences(output, treeOf(out)).filter(
      (name) => name.startsWith('review/') && !name.startsWith('review/node04/'),
    );
    expect(new Set(files.map((name) => name.replace(/^review\/[^/]+\//, '')))).toEqual(
      new Set(['SHA256SUMS', 'rootfs/etc/hosts', 'rootfs/etc/kubernetes/node-labels']),
    );
  });

  test('another key algorithm re-issues every leaf and no authority', () => {
    writeFileSync(inventory, example);
    render();
    const before = treeOf(pki);
    writeFileSync(inventory, `${example}pki: { keyAlgorithm: ecdsa-p384 }\n`);
    const { changes } = render();
    const after = treeOf(pki);
    expect(changes.every(({ action, reason }) => action === 'reissued' && reason.includes('p384'))).toBe(
      true,
    );
    const leaves = changes.map(({ what }) => what);
    expect(differences(before, after)).toEqual(leaves.flatMap((id) => [`${id}.crt`, `${id}.key`]).sort());
    expect(leaves).toEqual(expect.arrayContaining(['hosts/master01/apiserver', 'operator/admin']));
    // node04's, from the test before, are nobody's any more and stay; all others are there.
    const stored = Object.keys(after).filter((name) => /^(hosts|operator)\/.*\.crt$/.test(name));
    expect(stored.filter((name) => !name.includes('node04'))).toHaveLength(leaves.length);
  });
});
