/** Files that nobody has checked: whatever stands in them, audits and imports end in order. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { audit } from '../../src/commands/audit.ts';
import { importCluster } from '../../src/commands/import.ts';
import { memoryIo } from '../support/io.ts';
import { temporaryFolder, writeFiles } from './folder.ts';
import { kubeasz } from './layouts.ts';

/** Numbers that look random and are the same each time (Park and Miller). */
function numbers(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

const hosts = Object.entries(kubeasz());

/** A text with a part taken away, doubled, or replaced by something that means much elsewhere. */
function damaged(text: string, next: (below: number) => number): string {
  const [start, length] = [next(text.length + 1), next(60)];
  const words = [
    '',
    text.slice(start, start + length),
    '\u0000',
    '": {[',
    '\\\n',
    '$X ${',
    '- &a *a',
    '\n\n',
    'AAAA',
    "'",
  ];
  return text.slice(0, start) + (words[next(words.length)] ?? '') + text.slice(start + next(40));
}

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])('damage %i', { timeout: 60_000 }, async (seed) => {
  const next = numbers(seed * 7919);
  const folder = temporaryFolder();
  for (const [name, files] of hosts) {
    const changed = Object.entries(files).map(
      ([path, text]) => [path, next(3) === 0 ? damaged(text, next) : text] as const,
    );
    writeFiles(join(folder, name), Object.fromEntries(changed));
  }
  const io = memoryIo();
  const options = {
    inventory: 'inventory.yaml',
    quiet: false,
    profile: 'all',
    out: 'out',
    pkiDir: undefined,
    dir: folder,
    format: 'json',
    kubernetesVersion: undefined,
  } as const;
  expect([1, 2]).toContain(await audit(options, io));
  expect([0, 1, 2]).toContain(
    importCluster({ path: folder, kubernetesVersion: undefined, format: 'text', quiet: false }, io),
  );
  expect(`${io.output()}${io.errors()}`).not.toMatch(/BEGIN [A-Z ]*PRIVATE KEY/);
});
