/** What `hardway diff` says of typical changes, as committed; `make golden` rewrites it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot, temporaryFolder } from '../support/cli.ts';
import { changes } from './changes.ts';
import { diffOf, type Format, formats, guide, rendered } from './rendered.ts';

const expected = join(projectRoot, 'test/diff/expected');
const endings: Readonly<Record<Format, string>> = { text: 'txt', markdown: 'md', json: 'json' };
const rewrite = process.env.UPDATE_GOLDEN === '1';

const place = await rendered(temporaryFolder('diff-golden'));
if (rewrite) rmSync(expected, { recursive: true, force: true });

test('nothing changed: says so, and exits 0', async () => {
  const { status, output } = await diffOf(place, guide, 'text');
  expect([status, output]).toEqual([0, 'no differences: a render would write what is there\n']);
  const { output: json, status: jsonStatus } = await diffOf(place, guide, 'json');
  expect([jsonStatus, JSON.parse(json).differs]).toEqual([0, false]);
});

describe.each(Object.entries(changes))('%s', (name, inventory) => {
  test.each(formats)('as %s', async (format) => {
    const { status, output } = await diffOf(place, inventory, format);
    expect(status).toBe(1);
    const file = join(expected, `${name}.${endings[format]}`);
    if (rewrite) {
      if (!existsSync(expected)) mkdirSync(expected);
      writeFileSync(file, output);
    }
    expect(output).toBe(readFileSync(file, 'utf8'));
    if (format === 'json') expect(JSON.parse(output).differs).toBe(true);
  });
});

test('every expected file belongs to a change', () => {
  const names = Object.keys(changes).flatMap((name) => formats.map((format) => `${name}.${endings[format]}`));
  expect(readdirSync(expected).sort()).toEqual(names.sort());
});

test('the same again gives the same bytes', async () => {
  const inventory = changes['etcd-member'] ?? '';
  for (const format of formats)
    expect((await diffOf(place, inventory, format)).output).toBe(
      (await diffOf(place, inventory, format)).output,
    );
});

test('colours for a terminal only, and the same words', async () => {
  const inventory = changes.san ?? '';
  const plain = (await diffOf(place, inventory, 'text')).output;
  const colored = (await diffOf(place, inventory, 'text', { colorsOutput: true })).output;
  const start = String.fromCharCode(27);
  expect(plain).not.toContain(start);
  expect(colored).toContain(`${start}[32m+dns names: `);
  expect(colored.replaceAll(new RegExp(`${start}\\[\\d+m`, 'g'), '')).toBe(plain);
  expect((await diffOf(place, inventory, 'markdown', { colorsOutput: true })).output).not.toContain(start);
});

test('quiet: the exit status says it all', async () => {
  const { status, output, errors } = await diffOf(place, changes.flag ?? '', 'text', { quiet: true });
  expect([status, output, errors]).toEqual([1, '', '']);
});

test('an inventory that render would refuse is refused', async () => {
  const older = await diffOf(place, guide.replace('1.20.2', '1.20.0'), 'text');
  expect(older.errors).toContain('1.20.2');
  const wrong = await diffOf(place, guide.replace('serviceCIDR', 'serviceCidr'), 'text');
  expect([wrong.status, wrong.output]).toEqual([2, '']);
  expect(wrong.errors).toContain('error[unknown-key]');
});
