/** `hardway diff` only reads: neither output nor store changes, and neither needs to be writable. */

import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hardway, projectRoot, temporaryFolder } from '../support/cli.ts';
import { canRun, findProgram, isRoot } from '../support/requirements.ts';
import { treeOf } from '../support/tree.ts';
import { changes } from './changes.ts';
import { diffOf, formats, guide, rendered } from './rendered.ts';

const folder = temporaryFolder('diff-untouched');
const place = await rendered(folder);

/** Inode and times of everything, the top included. */
function stampsOf(path: string): Record<string, string> {
  const names = ['.', ...readdirSync(path, { recursive: true, encoding: 'utf8' })];
  return Object.fromEntries(
    names.map((name) => {
      const { ino, mtimeNs, ctimeNs, mode } = lstatSync(join(path, name), { bigint: true });
      return [name, `${ino} ${mode} ${mtimeNs} ${ctimeNs}`];
    }),
  );
}

test('output and store stay as they are: bytes, modes and times', async () => {
  const before = [stampsOf(folder), treeOf(folder)];
  for (const inventory of [guide, ...Object.values(changes)])
    for (const format of formats) await diffOf(place, inventory, format);
  expect([stampsOf(folder), treeOf(folder)]).toEqual(before);
});

test('nothing is made where nothing was', async () => {
  const nowhere = { out: join(folder, 'new/out'), pkiDir: join(folder, 'new/pki') };
  const { status, output } = await diffOf(nowhere, guide, 'text');
  expect(status).toBe(1);
  expect(output).toContain('nothing was rendered yet, all is new');
  expect(existsSync(join(folder, 'new'))).toBe(false);
});

const canMount = canRun('diff on a read-only file system', {
  root: isRoot,
  unshare: findProgram('unshare') !== undefined,
});

test.runIf(canMount)('works on a read-only file system', () => {
  writeFileSync(join(folder, 'inventory.yaml'), changes.flag ?? '');
  const script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"';
  const cli = [process.execPath, join(projectRoot, 'dist/cli.js'), 'diff', join(folder, 'inventory.yaml')];
  const options = ['--out', place.out, '--pki-dir', place.pkiDir];
  const args = ['--mount', 'sh', '-c', script, 'sh', folder, ...cli, ...options];
  const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  expect(stderr).not.toContain('hardway:');
  expect([status, stdout]).toEqual([1, hardway(['diff', join(folder, 'inventory.yaml'), ...options]).stdout]);
  expect(stdout).toContain('flag --max-requests-inflight is new: 800');
});
