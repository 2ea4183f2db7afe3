/** What documentation, messages and pages tell a reader to run exists. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { projectRoot } from '../support/cli.ts';

const known = new Set(commands.map(({ usage }) => usage.split(' ')[0]));
/** Named where they are said not to exist. */
const said = new Set(['docs/inventory.md: deploy']);

function textsBelow(folder: string): { file: string; text: string }[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(projectRoot.length).replace(/^\//, ''))
    .map((file) => ({ file, text: readFileSync(join(projectRoot, file), 'utf8') }));
}

test.each(['docs', 'templates', 'src', 'examples'])('%s names no command that there is not', (folder) => {
  const named = textsBelow(folder)
    .filter(({ file }) => !file.startsWith('docs/decisions/'))
    // As code: in prose the word after the name may be any.
    .flatMap(({ file, text }) =>
      [...text.matchAll(/(?:`|<code>|fix: run |^ {4}|\$ )hardway ([a-z][a-z-]+)/gm)].map(([, word = '']) => ({
        file,
        word,
      })),
    );
  const unknown = named.filter(({ file, word }) => !known.has(word) && !said.has(`${file}: ${word}`));
  expect(unknown).toEqual([]);
  if (folder === 'docs') expect(named.length).toBeGreaterThan(20);
});
