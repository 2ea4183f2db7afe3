/** Data flows one way: what a file of src imports stands above it in the code map of ARCHITECTURE.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/cli.ts';

/** The rows of the map, in order: each names folders or single files below src. */
const layers = readFileSync(join(projectRoot, 'ARCHITECTURE.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `src/'))
  .map((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`(src\/[^`]+)`/g)].map(([, path = '']) => path));

const files = readdirSync(join(projectRoot, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`);

/** The row of a file: one that names the file itself goes before that of its folder. */
function layerOf(file: string): number {
  const own = layers.findIndex((paths) => paths.includes(file));
  return own >= 0 ? own : layers.findIndex((paths) => paths.some((path) => file.startsWith(`${path}/`)));
}

/** Files of src that a file names in an import, also those loaded when needed. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:\bfrom |\bimport\(|^import )'(\.[^']+)'/gm)];
  return specifiers.map(([, specifier = '']) => normalize(join(dirname(file), specifier)));
}

test('every folder of src stands in the map, and every row of the map exists', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => layerOf(file) < 0)).toEqual([]);
  for (const path of layers.flat())
    expect(
      files.some((file) => file === path || file.startsWith(`${path}/`)),
      path,
    ).toBe(true);
});

test('imports lead upwards only', () => {
  const edges = files.flatMap((file) => importsOf(file).map((imported) => [file, imported] as const));
  expect(edges.length).toBeGreaterThan(200);
  const wrong = edges.filter(([file, imported]) => layerOf(imported) > layerOf(file));
  expect(wrong.map(([file, imported]) => `${file} imports ${imported}`)).toEqual([]);
});
