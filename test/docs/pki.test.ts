/** docs/pki.md against the sources: what it quotes is what the store says and holds. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { authorityPaths, storeFiles } from '../../src/pki/layout.ts';
import { projectRoot } from '../support/cli.ts';

const page = readFileSync(join(projectRoot, 'docs/pki.md'), 'utf8');
const section = (title: string) => page.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? '';

/** Where messages are; wanted.ts words reasons to re-issue, which sound alike. */
const sources = ['src/pki', 'src/bundle', 'src/lib']
  .flatMap((folder) => readdirSync(join(projectRoot, folder)).map((name) => join(projectRoot, folder, name)))
  .filter((file) => !file.endsWith('/wanted.ts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

const firstCells = section('What is refused')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split(' | ')[0] ?? '');
const messages = firstCells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));

test('messages are found', () => {
  expect(messages.length).toBeGreaterThan(15);
});

/** Messages put together from a form and its name: `is not ${form}`. */
const composed: Readonly<Record<string, string>> = {
  'is not a token such as': "'a token such as abcdef",
  'is not 32 bytes in base64': "'32 bytes in base64'",
};

test.each(messages)('the store says "%s"', (message) => {
  expect(sources).toContain(composed[message] ?? message);
});

test('the layout names every file of a store', () => {
  const layout = section('What is in it');
  const { marker, gitignore, serviceAccountKey, serviceAccountPublicKey, bootstrapToken, encryptionKey } =
    storeFiles;
  const wanted = [
    ...Object.values(authorityPaths).flatMap((stem) => [`${stem}.crt`, `${stem}.key`]),
    marker,
    gitignore,
    serviceAccountKey,
    serviceAccountPublicKey,
    bootstrapToken,
    encryptionKey,
    storeFiles.journal,
    storeFiles.staging,
  ];
  for (const name of wanted) expect(layout).toContain(`\`${name}\``);
});

test('what cannot be made again is what a complete store must have', () => {
  const backup = section('Backup');
  const keys = [
    ...Object.values(authorityPaths).map((stem) => `${stem}.key`),
    storeFiles.serviceAccountKey,
    storeFiles.encryptionKey,
  ];
  for (const name of keys) expect(backup).toContain(`\`${name}\``);
});
