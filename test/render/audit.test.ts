/** `hardway audit` as users run it: exit status, what it says where, and what it leaves alone. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hardway, projectRoot, render, temporaryFolder } from '../support/cli.ts';
import { treeOf } from '../support/tree.ts';

const folder = temporaryFolder('audit');
const host = 'hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane, worker] }]';

/** Every check that fails without a token file. */
const failing = ['apiserver-admission-always-pull-images', 'no-user-client-certificates'];
const waived = (expires: string, checks = failing) =>
  `audit:\n  waivers:\n${checks.map((check) => `    - { check: ${check}, reason: known, expires: ${expires} }\n`).join('')}`;

function inventory(...parts: readonly string[]): string {
  const path = join(folder, `${parts.join('').length}-${readdirSync(folder).length}.yaml`);
  writeFileSync(
    path,
    ['apiVersion: hardway/v1', 'bootstrap: { method: signed }', ...parts, host, ''].join('\n'),
  );
  return path;
}

test('says what fails, ends with 1, and writes nothing', () => {
  const path = inventory();
  const before = readdirSync(folder);
  const { status, stdout } = hardway(['audit', path, '--format', 'json']);
  const failed = JSON.parse(stdout).checks.filter((one: { status: string }) => one.status === 'fail');
  expect(failed.map(({ check }: { check: string }) => check)).toEqual(failing);
  expect(status).toBe(1);
  expect(readdirSync(folder)).toEqual(before);
});

test('ends with 0 when all that fails is waived', () => {
  const { status, stdout, stderr } = hardway(['audit', inventory(waived('2999-12-31'))]);
  expect([status, stderr.match(/waiver/g)]).toEqual([0, null]);
  expect(stdout).toMatch(/0 fail, 2 waived/);
});

test('a waiver that has expired counts no more, and is shown where it stands', () => {
  const path = inventory(waived('2020-01-31'));
  const { status, stderr } = hardway(['audit', path]);
  expect(status).toBe(1);
  expect(stderr).toContain(`${path}:5:`);
  expect(stderr).toMatch(
    /warning\[waiver-expired\]: the waiver of apiserver-admission-always-pull-images expired/,
  );
});

test('a waiver that waives nothing is a warning', () => {
  const path = inventory(waived('2999-12-31', [...failing, 'apiserver-profiling-off']));
  const { status, stderr } = hardway(['audit', path]);
  expect(status).toBe(0);
  expect(stderr).toContain('warning[waiver-unused]: apiserver-profiling-off does not fail');
});

test('audits the certificates of the store, and leaves it as it is', () => {
  const place = join(folder, 'store');
  mkdirSync(place);
  const path = inventory('pki: { certValidityDays: 1500 }');
  const { pki } = render(path, place);
  const before = treeOf(pki);
  const ids = (args: readonly string[]) =>
    JSON.parse(hardway(['audit', path, '--format', 'json', ...args]).stdout)
      .checks.filter((one: { status: string }) => one.status === 'fail')
      .map(({ check }: { check: string }) => check);
  expect(ids(['--pki-dir', pki])).toEqual(
    expect.arrayContaining(['cert-leaf-validity', 'admin-cert-validity']),
  );
  expect(treeOf(pki)).toEqual(before);
});

test('reads standard input, and knows its formats', () => {
  const text = `apiVersion: hardway/v1\n${host}\n`;
  for (const [format, begins] of Object.entries({ sarif: '{', junit: '<?xml', html: '<!doctype html>' })) {
    const { status, stdout } = hardway(['audit', '-', '--format', format], { input: text, cwd: folder });
    expect([status, stdout.startsWith(begins)], format).toEqual([1, true]);
  }
  expect(hardway(['audit', '-', '--format', 'markdown'], { input: text }).status).toBe(2);
  expect(existsSync(join(projectRoot, 'pki'))).toBe(false);
});

test('an inventory with errors ends with 2', () => {
  const { status, stdout } = hardway(['audit', '-'], { input: 'apiVersion: hardway/v1\n' });
  expect([status, stdout]).toEqual([2, '']);
});
