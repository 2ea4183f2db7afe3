import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { mergeYaml } from '../../../src/render/yaml.ts';

const text = `# the file's head
apiVersion: v1 # why
auth:
  # about x509
  x509: { clientCAFile: /ca.crt }
  anonymous:
    enabled: false
list:
  - a
  - b
last: 1
`;

describe('mergeYaml', () => {
  test('maps merge, at any depth', () => {
    const merged = parse(
      mergeYaml(text, { auth: { anonymous: { enabled: true }, webhook: { cacheTTL: '5s' } } }),
    );
    expect(merged.auth).toEqual({
      x509: { clientCAFile: '/ca.crt' },
      anonymous: { enabled: true },
      webhook: { cacheTTL: '5s' },
    });
  });

  test('lists and scalars replace', () => {
    const merged = parse(mergeYaml(text, { list: ['c'], last: { now: 'a map' }, auth: { x509: 'a text' } }));
    expect(merged).toMatchObject({ list: ['c'], last: { now: 'a map' } });
    expect(merged.auth.x509).toBe('a text');
  });

  test('null removes, also what is not there', () => {
    const merged = parse(
      mergeYaml(text, { last: null, auth: { anonymous: null }, none: null, deep: { er: null } }),
    );
    expect(merged).not.toHaveProperty('last');
    expect(merged.auth).toEqual({ x509: { clientCAFile: '/ca.crt' } });
    expect(merged).not.toHaveProperty('none');
  });

  test('comments and the order of fields stay', () => {
    const merged = mergeYaml(text, { last: 2, added: true });
    expect(merged).toContain("# the file's head\n");
    expect(merged).toContain('apiVersion: v1 # why\n');
    expect(merged).toContain('# about x509\n');
    expect(Object.keys(parse(merged))).toEqual(['apiVersion', 'auth', 'list', 'last', 'added']);
  });

  test('long texts are not folded', () => {
    const long = 'word '.repeat(100).trim();
    expect(parse(mergeYaml(text, { long })).long).toBe(long);
    expect(
      mergeYaml(text, { long })
        .split('\n')
        .some((line) => line.includes(long)),
    ).toBe(true);
  });

  test.each([
    'yes',
    'no',
    'null',
    '~',
    '0x10',
    '1e3',
    '1:30',
    '012',
    'a: b',
    '# a',
    '- a',
    '',
    ' a ',
    'a\nb',
    '\u2028',
    '"',
    "'",
    '*a',
    '&a',
    '!a',
    '%a',
    '@a',
    '`a`',
    '{{a}}',
    '1.20',
    '.inf',
    '=',
    '<<',
    '2001-01-01',
  ])('the text %j stays this text', (value) => {
    const merged = mergeYaml(text, { value, map: { [value]: value }, list: [value] });
    const wanted = { value, map: { [value]: value }, list: [value] };
    expect(parse(merged)).toMatchObject(wanted);
    // Kubernetes reads YAML 1.1.
    expect(parse(merged, { version: '1.1' })).toMatchObject(wanted);
  });

  test('numbers and booleans keep their kind', () => {
    const values = { whole: 42, half: 0.5, large: 9_007_199_254_740_991, yes: true, no: false };
    expect(parse(mergeYaml(text, values))).toMatchObject(values);
  });

  test('an empty overlay changes no value', () => {
    expect(parse(mergeYaml(text, {}))).toEqual(parse(text));
  });

  test('broken YAML is not merged into', () => {
    expect(() => mergeYaml('a: [', { b: 1 })).toThrow();
  });
});
