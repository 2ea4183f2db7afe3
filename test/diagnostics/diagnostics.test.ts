/**
 * Every folder beside this file is an inventory with one mistake and the text that
 * hardway prints for it. UPDATE=1 rewrites the texts; read the difference as a user would.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diagnosticsToJson, formatDiagnostics } from '../../src/diagnostics/format.ts';
import { loadInventory } from '../../src/inventory/load.ts';

const folder = import.meta.dirname;
const cases = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** `CODE LINE:COLUMN` of every diagnostic in a text. */
function headsOf(text: string): string[] {
  return [...text.matchAll(/^inventory\.yaml:(\d+:\d+): (?:error|warning)\[([a-z-]+)\]/gm)].map(
    ([, place, code]) => `${code} ${place}`,
  );
}

describe.each(cases)('%s', (name) => {
  const expectedFile = join(folder, name, 'expected.txt');
  const { source, diagnostics, cluster } = loadInventory(
    readFileSync(join(folder, name, 'inventory.yaml')),
    'inventory.yaml',
  );
  const text = formatDiagnostics(source, diagnostics);
  if (process.env.UPDATE === '1') writeFileSync(expectedFile, text);
  const expected = existsSync(expectedFile) ? readFileSync(expectedFile, 'utf8') : '';

  test('code, line and column', () => {
    const heads = diagnosticsToJson(source, diagnostics).map(
      ({ code, line, column }) => `${code} ${line}:${column}`,
    );
    expect(heads).not.toEqual([]);
    expect(heads).toEqual(headsOf(expected));
  });

  test('text', () => {
    expect(text).toBe(expected);
  });

  test('a cluster only without errors', () => {
    expect(cluster === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
  });
});
