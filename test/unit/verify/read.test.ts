/** Files are read as systemd, shells and YAML readers read them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deviants } from '../../../src/verify/agree.ts';
import { dialled } from '../../../src/verify/certificates.ts';
import { readEnvironment, readUnit } from '../../../src/verify/read-unit.ts';
import { createYamlReader, readYaml } from '../../../src/verify/read-yaml.ts';
import { clusters } from './faulty.ts';

describe('environment files', () => {
  test('words, their lines, and quotes', () => {
    const text = '# a comment\nA="--a=1 \\\n    --b=\\"2\\" \\\n    --c=\\$3"\n\nB=plain\nC=""\n';
    const [a, b, c] = readEnvironment(text);
    expect(a?.words).toEqual([
      { text: '--a=1', line: 2 },
      { text: '--b="2"', line: 3 },
      { text: '--c=$3', line: 4 },
    ]);
    expect([b?.value, b?.line, c?.value, c?.words]).toEqual(['plain', 6, '', []]);
  });

  test('every one of a bundle reads as a shell reads it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'env-'));
    const { good } = await clusters.file;
    const files = good.bundles.flatMap(({ files }) => files);
    const environments = files.filter(({ path }) => /^\/etc\/(?:default|kubernetes)\/[a-z-]+$/.test(path));
    expect(environments.length).toBeGreaterThan(15);
    for (const { content, path } of environments) {
      writeFileSync(join(folder, 'env'), content);
      for (const { name, value } of readEnvironment(content.toString())) {
        const script = `. "$1"; printf %s "$${name}"`;
        const shown = execFileSync('sh', ['-c', script, 'sh', join(folder, 'env')], { encoding: 'utf8' });
        expect(value.split(/\s+/), `${path} ${name}`).toEqual(shown.split(/\s+/));
      }
    }
    rmSync(folder, { recursive: true });
  });
});

test('units: joined lines, comments, empty values', () => {
  const text =
    '[Service]\n# ExecStart=/no\nExecStart=/bin/a \\\n  $B \\\n# not a word of it\n  --c\nCapabilityBoundingSet=\n';
  expect(readUnit(text)).toEqual([
    {
      name: 'ExecStart',
      value: '/bin/a    $B    --c',
      line: 3,
      parts: [
        { text: '/bin/a ', line: 3 },
        { text: '  $B ', line: 4 },
        { text: '  --c', line: 6 },
      ],
    },
    { name: 'CapabilityBoundingSet', value: '', line: 7 },
  ]);
});

test('YAML: lines of keys and items, several documents, a mistake', () => {
  const { documents } = readYaml('# a\nkind: A\nb:\n  - c: 1\n  - d\n---\nkind: B\n');
  const [first, second] = documents;
  expect(first?.lineOf(['b'])).toBe(3);
  expect(first?.lineOf(['b', 0, 'c'])).toBe(4);
  expect(first?.lineOf(['b', 1])).toBe(5);
  expect(first?.lineOf(['b', 7, 'x'])).toBe(3);
  expect([second?.kind, second?.line]).toEqual(['B', 7]);
  expect(readYaml('a: "b\nc: d\n').problem?.line).toBeGreaterThan(0);
});

test('the odd one out', () => {
  const stated = ['a', 'b', 'a', 'c'].map((value, place) => ({ value, place }));
  expect(deviants(stated).map(({ place, usual }) => [place, usual.place])).toEqual([
    [1, 0],
    [3, 0],
  ]);
  expect(deviants(stated.slice(0, 1))).toEqual([]);
  expect(deviants(stated.slice(0, 2)).map(({ place }) => place)).toEqual([1]);
});

test.each([
  ['https://a.example:6443', 'a.example', 6443],
  ['https://[2001:db8::1]:2379/x', '2001:db8::1', 2379],
  ['https://192.0.2.1', '192.0.2.1', 443],
  ['http://192.0.2.1', undefined, undefined],
  ['', undefined, undefined],
])('%s', (url, name, port) => {
  expect(dialled(url)).toEqual(name === undefined ? undefined : { name, port });
});

test('long words right behind an escape are read as they are', () => {
  const certificate = `-----BEGIN CERTIFICATE-----\\n${'M'.repeat(80)}\\n`;
  const { problem, documents } = createYamlReader()(`data: "${certificate}"\n`);
  expect(problem).toBeUndefined();
  expect(documents[0]?.value).toEqual({ data: certificate.replaceAll('\\n', '\n') });
});
