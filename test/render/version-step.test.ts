/** A render into a folder that holds bundles of another version for the same cluster. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { versionStepProblems } from '../../src/inventory/version-step.ts';
import { hardway, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder('version-step');
const file = join(folder, 'inventory.yaml');

function renderAt(version: string, cluster = 'kubernetes', out = 'out') {
  const host = '{ name: a, address: 192.0.2.1, roles: [etcd, control-plane, worker] }';
  const lines = [
    'apiVersion: hardway/v1',
    `cluster: { name: ${cluster} }`,
    'kubernetes:',
    `  version: "${version}"`,
  ];
  writeFileSync(file, `${lines.join('\n')}\nhosts:\n  - ${host}\n`);
  return hardway(['render', file, '--out', join(folder, out), '--pki-dir', join(folder, `pki-${cluster}`)]);
}
const renderedNow = () => readFileSync(join(folder, 'out/review/a/manifest'), 'utf8');

test('a minor back is refused at its line, and nothing changes', () => {
  expect(renderAt('1.31.2').status).toBe(0);
  const before = renderedNow();
  const { status, stderr } = renderAt('1.30');
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /inventory\.yaml:4:12: error\[version-downgrade\]: .*holds bundles of Kubernetes 1\.31\.2/,
  );
  expect(stderr).toMatch(/fix: write "1\.31\.2", or render into another folder/);
  expect(renderedNow()).toBe(before);
  expect(renderAt('1.30', 'kubernetes', 'elsewhere').status).toBe(0);
});

test('another cluster in the same folder has versions of its own', () => {
  expect(renderAt('1.30', 'other').status).toBe(0);
  expect(existsSync(join(folder, 'out/review/a'))).toBe(true);
});

test('a patch back and a skipped minor are warnings; the next minor is neither', () => {
  expect(renderAt('1.31.2').status).toBe(0);
  const patch = renderAt('1.31.1');
  expect([patch.status, patch.stderr]).toEqual([0, expect.stringContaining('warning[version-downgrade]')]);
  const next = renderAt('1.32');
  expect([next.status, next.stderr]).toEqual([0, '']);
  const skip = renderAt('1.36');
  expect([skip.status, skip.stderr]).toEqual([0, expect.stringMatching(/warning\[version-skip\].*skips 3/)]);
});

test.each([
  ['1.20.2', '1.20.2', []],
  ['1.20.2', '1.21.0', []],
  ['1.20.2', '1.22.0', ['version-skip']],
  ['1.21.0', '1.20.15', ['version-downgrade']],
])('%s to %s', (from, to, codes) => {
  expect(versionStepProblems(from, to, 'out').map(({ code }) => code)).toEqual(codes);
});
