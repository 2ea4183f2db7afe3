/** README.md and README.zh-CN.md name the same commands, files and pages, and lead to one another. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { projectRoot } from '../support/cli.ts';

const names = ['README.md', 'README.zh-CN.md'] as const;
const [english, chinese] = names.map((name) => readFileSync(join(projectRoot, name), 'utf8')) as [
  string,
  string,
];

const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, one = '']) => one);

/** Words between single backticks: commands, options, files, keys. Fenced blocks are left out. */
const codeOf = (text: string) => found(text.replace(/^```[\s\S]*?^```$/gm, ''), /`([^`]+)`/g).sort();
const linksOf = (text: string) =>
  found(text, /\]\(([^)]+)\)/g).filter((link) => !names.some((name) => name === link));
/** Lines of indented blocks, without their comments. */
const linesOf = (text: string) => found(text, /^ {4}(\S.*?)(?: +# .*)?$/gm);
const yamlOf = (text: string) => found(text, /^```yaml\n([\s\S]*?)^```$/gm);

test.each([
  ['code', codeOf],
  ['links', linksOf],
  ['command lines', linesOf],
  ['inventories', yamlOf],
])('the same %s in both', (_, parts) => {
  expect(parts(english).length).toBeGreaterThan(0);
  expect(parts(chinese)).toEqual(parts(english));
});

test('each leads to the other, and every page exists', () => {
  expect(english).toContain('(README.zh-CN.md)');
  expect(chinese).toContain('(README.md)');
  for (const link of linksOf(english)) expect(existsSync(join(projectRoot, link)), link).toBe(true);
});

test('every command is named', () => {
  const missing = commands
    .map(({ usage }) => usage.replace(/ \[.*/, ''))
    .filter(
      (usage) => !codeOf(english).some((code) => code.startsWith(`hardway ${usage}`) || code === usage),
    );
  expect(missing).toEqual([]);
});
