/** docs/inventory.md against the schema, and every inventory in the documentation against the checks. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatDiagnostics } from '../../src/diagnostics/format.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { inventoryType } from '../../src/inventory/schema.ts';
import type { Type } from '../../src/inventory/types.ts';
import { projectRoot } from '../support/cli.ts';
import { inventoryReference } from '../support/inventory-reference.ts';

const path = join(projectRoot, 'docs/inventory.md');
const generated = /(<!-- begin: [^\n]* -->\n)[\s\S]*(<!-- end -->\n)/;
const textOf = (file: string) => readFileSync(join(projectRoot, file), 'utf8');

describe('the reference', () => {
  test('is current; UPDATE_DOCS=1 rewrites it', () => {
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(generated);
    const current = text.replace(
      generated,
      (_, begin: string, end: string) => `${begin}\n${inventoryReference()}\n${end}`,
    );
    if (process.env.UPDATE_DOCS === '1') writeFileSync(path, current);
    else expect(text).toBe(current);
  });

  test('has a row for every key of the schema', () => {
    const reference = inventoryReference();
    const names = new Set(
      [...reference.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name.split('.').at(-1)),
    );
    const wanted = keyNames(inventoryType);
    expect(wanted.size).toBeGreaterThan(70);
    // Maps whose keys have rows of their own have none themselves.
    const missing = [...wanted].filter((name) => !names.has(name) && !reference.includes(`${name}.`));
    expect(missing.filter((name) => !reference.includes(`### ${name}\n`))).toEqual([]);
  });

  test('has as many cells in every row', () => {
    for (const line of inventoryReference()
      .split('\n')
      .filter((text) => text.startsWith('| ')))
      expect(line.split(/(?<!\\)\|/), line).toHaveLength(6);
  });
});

function keyNames(type: Type): Set<string> {
  if (type.kind === 'list') return keyNames(type.of);
  if (type.kind !== 'map') return new Set();
  return new Set(Object.entries(type.keys).flatMap(([name, key]) => [name, ...keyNames(key.type)]));
}

const pages = [
  'README.md',
  ...readdirSync(join(projectRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Every fenced block of a page that is a whole inventory. */
const inventories = pages.flatMap((page) =>
  [...textOf(page).matchAll(/^```yaml\n(apiVersion: hardway\/v1\n[\s\S]*?)^```$/gm)].map(
    ([, text = ''], index) => [`${page}, example ${index + 1}`, text] as const,
  ),
);

describe('inventories in the documentation', () => {
  test('are found', () => {
    expect(inventories.filter(([title]) => title.startsWith('README.md'))).not.toEqual([]);
    expect(inventories.filter(([title]) => title.startsWith('docs/inventory.md')).length).toBeGreaterThan(3);
  });

  test.each(inventories)('%s loads without errors', (title, text) => {
    const { cluster, source, diagnostics } = loadInventory(text, title);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(formatDiagnostics(source, errors)).toBe('');
    expect(cluster).toBeDefined();
  });

  test.each(inventories)('%s writes nothing that is masked or has no effect', (title, text) => {
    const codes = loadInventory(text, title).diagnostics.map(({ code }) => code);
    expect(codes).not.toContain('cidr-masked');
    expect(codes).not.toContain('unused-key');
  });
});
