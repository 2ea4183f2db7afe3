/** Whatever is in an inventory, loading it ends with a cluster or with diagnostics, and nothing dangerous passes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { formatDiagnostics } from '../../src/diagnostics/format.ts';
import { type FormatName, formats } from '../../src/inventory/formats.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { inventoryType } from '../../src/inventory/schema.ts';
import type { Keys, Type } from '../../src/inventory/types.ts';

const host = { name: 'node01', address: '192.0.2.10', roles: ['etcd', 'control-plane', 'worker'] };
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
const terminalControls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

function loadAndFormat(input: string | Uint8Array) {
  const { source, diagnostics, cluster } = loadInventory(input, 'inventory.yaml');
  const text = formatDiagnostics(source, diagnostics);
  expect(text).not.toMatch(terminalControls);
  expect(cluster === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
  for (const { range, related } of diagnostics) {
    for (const { start, end } of [range, ...(related === undefined ? [] : [related.range])]) {
      expect(0 <= start && start <= end && start <= source.text.length).toBe(true);
    }
  }
  return { diagnostics, cluster, text };
}

describe('loading never throws', () => {
  test('for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void loadAndFormat(bytes)));
  });

  test('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void loadAndFormat(text)));
  });

  test('for text made of YAML', () => {
    const piece = fc.constantFrom(
      ...[
        'apiVersion: hardway/v1',
        'hosts:',
        'network:',
        '- ',
        '  ',
        '\n',
        ': ',
        '{',
        '}',
        '[',
        ']',
        ',',
        '&a ',
        '*a',
        '!!str ',
      ],
      ...[
        '|',
        '>',
        '"',
        "'",
        '#',
        '? ',
        '<<: ',
        '---',
        '...',
        '%YAML 1.1',
        '\t',
        'name: a',
        'roles: [etcd]',
        '1.20',
        '~',
        '\r\n',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => void loadAndFormat(pieces.join(''))),
      { numRuns: 1000 },
    );
  });

  test('for any value in place of any section', () => {
    const section = fc.constantFrom(...Object.keys(inventoryType.keys));
    fc.assert(
      fc.property(section, fc.jsonValue({ maxDepth: 4 }), (name, value) => {
        loadAndFormat(stringify({ apiVersion: 'hardway/v1', hosts: [host], [name]: value }));
      }),
      { numRuns: 500 },
    );
  });

  test('for any value in place of any key of a section', () => {
    const places = Object.entries(inventoryType.keys as Keys).flatMap(([section, { type }]) =>
      type.kind === 'map' ? Object.keys(type.keys).map((name) => ({ section, name })) : [],
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 3 }), ({ section, name }, value) => {
        loadAndFormat(stringify({ apiVersion: 'hardway/v1', hosts: [host], [section]: { [name]: value } }));
      }),
      { numRuns: 500 },
    );
  });
});

interface Place {
  readonly path: string;
  readonly format: FormatName;
  /** An inventory with a text at this place. */
  readonly inventoryWith: (text: string) => unknown;
}

/** Every place of the schema where a text may stand, the keys of records included. */
function placesOf(type: Type, path: string, inventoryWith: (value: unknown) => unknown): Place[] {
  switch (type.kind) {
    case 'text':
      return [{ path, format: type.format, inventoryWith }];
    case 'list':
      return placesOf(type.of, `${path}[]`, (value) => inventoryWith([value]));
    case 'record': {
      const name = {
        featureGate: 'EphemeralContainers',
        envName: 'ETCD_LOG_LEVEL',
        labelKey: 'disk',
        registry: 'docker.io',
      };
      const key = type.keyFormat === undefined ? 'v' : name[type.keyFormat as keyof typeof name];
      const values = placesOf(type.of, `${path}.${key}`, (value) => inventoryWith({ [key]: value }));
      const keys = type.keyFormat && [
        {
          path: `${path}.KEY`,
          format: type.keyFormat,
          inventoryWith: (text: string) => inventoryWith({ [text]: 'true' }),
        },
      ];
      return [...values, ...(keys ?? [])];
    }
    case 'map':
      return Object.entries(type.keys as Keys).flatMap(([name, entry]) =>
        placesOf(entry.type, path === '' ? name : `${path}.${name}`, (value) =>
          inventoryWith(path === 'hosts[]' ? { ...host, [name]: value } : { [name]: value }),
        ),
      );
    case 'switch':
      return placesOf(type.settings, path, inventoryWith);
    default:
      return [];
  }
}

const places = placesOf(inventoryType, '', (value) => ({
  apiVersion: 'hardway/v1',
  hosts: [host],
  ...(value as object),
}));

const hostile = [
  '../../etc',
  '/../etc',
  '/etc/../..',
  '$(id)',
  '`id`',
  `${'$'}{HOME}`,
  'a\nb',
  'a\rb',
  'a\u0000b',
  'a"b',
  "a'b",
  'a\\b',
  'a b',
  ' a',
  'a ',
  '%n',
  '%',
  '$',
  '$HOME',
  '-rf',
  '--flag',
  'a;b',
  'a|b',
  'a&b',
  'a>b',
  '#a',
  'a #b',
  '{{x}}',
  '\u001b[31m',
  '\u202eabc',
  '\u2028',
  '*',
  '~root',
];

/**
 * What may pass where: texts that are safe because of where they go. `subjectText` ends in ASN.1 only,
 * `localFile` is opened on the operator's own machine, the others in lists, globs and quoted lines.
 */
const harmless: Partial<Record<FormatName, readonly string[]>> = {
  subjectText: hostile.filter((text) => !/[\p{C}\p{Zl}]/u.test(text) && text.trim() === text),
  localFile: ['../../etc', '/../etc', '/etc/../..', '~root'],
  flagValue: [
    '../../etc',
    '/../etc',
    '/etc/../..',
    '-rf',
    '--flag',
    'a;b',
    'a|b',
    'a&b',
    'a>b',
    '#a',
    '{{x}}',
    '*',
    '~root',
    '%',
    '%n',
  ],
  noProxyEntry: ['*'],
  calendar: ['a b', '*'],
};

describe('hostile texts', () => {
  test('the schema has texts to try', () => {
    expect(places.length).toBeGreaterThan(60);
    expect(new Set(places.map(({ format }) => format)).size).toBe(Object.keys(formats).length);
  });

  test.each(places)('$path ($format)', ({ format, inventoryWith }) => {
    for (const text of hostile) {
      const { cluster, diagnostics } = loadAndFormat(stringify(inventoryWith(text)));
      const isHarmless = harmless[format]?.includes(text) ?? false;
      if (!isHarmless) expect({ text, refused: cluster === undefined }).toEqual({ text, refused: true });
      else
        expect(
          diagnostics.some(({ code }) => code === formats[format].code && code !== 'invalid-value'),
        ).toBe(false);
    }
  });

  test('any text: what passes has the form of its key', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        ({ format, inventoryWith }, text) => {
          const { cluster } = loadAndFormat(stringify(inventoryWith(text)));
          if (cluster !== undefined) expect(formats[format].pattern.test(text)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
