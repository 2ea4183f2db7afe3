import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  envQuote,
  envWordsQuote,
  execQuote,
  jsonQuote,
  plainWord,
  QuotingError,
  shellQuote,
  unitEnvQuote,
  unitTextQuote,
  yamlQuote,
} from '../../../src/render/quote.ts';

const attacks = [
  '',
  ' ',
  '-n',
  '!',
  '$(id)',
  '`id`',
  "'",
  "''",
  '"',
  '\\',
  '\\n',
  '%h',
  '%',
  '$$',
  '$HOME',
  '${HOME}',
  '~',
  '*',
  '#x',
  'a#b',
  ' a ',
  ';',
  'a;id',
  '&&',
  '|',
  '\u00e9\u{1d4b3}',
  '../../etc',
  'a b',
  "'; rm -rf / #",
  'trailing\\',
];
const printable = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((text) => !/[\p{Cc}\p{Surrogate}\p{Noncharacter_Code_Point}\u2028\u2029]/u.test(text));
const samples = [...attacks, ...fc.sample(printable, { numRuns: 300, seed: 20 })];

function shellOutput(shell: string, script: string): string[] {
  return execFileSync(shell, ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe.each(['bash', 'dash'])('shellQuote in %s', (shell) => {
  test('every word arrives as it was', () => {
    const words = [...samples, 'a\nb', '\t', '\n'];
    expect(shellOutput(shell, words.map((word) => `printf '%s\\0' ${shellQuote(word)}`).join('\n'))).toEqual(
      words,
    );
  });
});

describe('envQuote', () => {
  test.each(['bash', 'dash'])('%s reads every value as it was', (shell) => {
    const assignments = samples.map((value, index) => `K${index}=${envQuote(value)}`);
    const prints = samples.map((_, index) => `printf '%s\\0' "$K${index}"`);
    expect(shellOutput(shell, [...assignments, ...prints].join('\n'))).toEqual(samples);
  });

  test('always quotes, as the guide does', () => {
    expect(envQuote('true')).toBe('"true"');
  });

  test.each(['a\nb', 'a\rb', '\0', '\u007f', '\u2028', '\ufffe', '\ud800'])('refuses %j', (value) => {
    expect(() => envQuote(value)).toThrow(QuotingError);
  });
});

describe('envWordsQuote', () => {
  test('one word per line, and a shell splits them again', () => {
    const words = ['--a=1', '--b=$(id)', '--c=`id`', '--d=%h'];
    const text = envWordsQuote(words);
    expect(text.split('\n')).toHaveLength(words.length);
    expect(shellOutput('bash', `V=${text}\nset -f\nfor word in $V; do printf '%s\\0' "$word"; done`)).toEqual(
      words,
    );
  });

  test.each(['a b', 'a\tb', 'a\nb', "a'b", 'a"b', 'a\\b'])(
    'refuses %j, which splitting would change',
    (word) => {
      expect(() => envWordsQuote([word])).toThrow(QuotingError);
    },
  );

  test('no words are an empty value', () => {
    expect(envWordsQuote([])).toBe('""');
  });
});

describe('execQuote', () => {
  test.each([
    ['/usr/local/bin', '/usr/local/bin'],
    ['/opt/100%', '/opt/100%%'],
    ['/opt/$x', '/opt/$$x'],
    ['/opt/a b', '"/opt/a b"'],
    ['/opt/a"b\\', '"/opt/a\\"b\\\\"'],
    [';', '";"'],
    ['', '""'],
  ])('%j becomes %j', (value, quoted) => {
    expect(execQuote(value)).toBe(quoted);
  });

  test('refuses a line break', () => {
    expect(() => execQuote('a\nExecStartPre=/bin/false')).toThrow(QuotingError);
  });
});

describe('unitEnvQuote', () => {
  test('escapes specifiers, quotes and backslashes, and leaves dollars alone', () => {
    expect(unitEnvQuote('HTTP_PROXY', 'http://a%20b:"c\\$d')).toBe('"HTTP_PROXY=http://a%%20b:\\"c\\\\$d"');
  });

  test('refuses a line break', () => {
    expect(() => unitEnvQuote('A', 'b\nUser=root')).toThrow(QuotingError);
  });
});

describe('unitTextQuote', () => {
  test('doubles specifiers and changes nothing else', () => {
    expect(unitTextQuote('Mon *-*-* 02:00:00 "a" $b %h')).toBe('Mon *-*-* 02:00:00 "a" $b %%h');
  });

  test.each(['a\nUnit=evil.service', 'a\\', ' a', 'a '])('refuses %j', (value) => {
    expect(() => unitTextQuote(value)).toThrow(QuotingError);
  });
});

describe('yamlQuote and jsonQuote', () => {
  const words = [
    'yes',
    'no',
    'on',
    'off',
    'y',
    'N',
    'null',
    'True',
    '~',
    '1',
    '1.0',
    '0x1',
    '1e3',
    '012',
    '12:30:45',
  ];
  test.each(['1.1', '1.2'] as const)('YAML %s reads every text as that text', (version) => {
    for (const value of [
      ...samples,
      ...words,
      '2001-01-01',
      'a: b',
      'a #b',
      '- a',
      '[a]',
      '{a}',
      '*a',
      '&a',
      '::',
      'a\nb',
    ]) {
      expect(parse(yamlQuote(value), { version })).toBe(value);
    }
  });

  test('plain where nothing is lost', () => {
    expect(yamlQuote('cluster.local')).toBe('cluster.local');
    expect(yamlQuote('system:node:node01')).toBe('system:node:node01');
  });

  test('JSON reads every text as that text', () => {
    for (const value of [...samples, 'a\nb', '\u0000', '\u0085', '\u2028'])
      expect(JSON.parse(jsonQuote(value))).toBe(value);
  });

  test('characters that YAML takes for line breaks are escaped', () => {
    expect(jsonQuote('\u0085\u2028\ufeff\u007f')).toBe('"\\u0085\\u2028\\ufeff\\u007f"');
  });

  test('half a character is refused', () => {
    expect(() => jsonQuote('\ud800')).toThrow(QuotingError);
  });
});

describe('configurations that quote nothing', () => {
  test.each(['m1', '192.0.2.1:6443', '[2001:db8::1]:6443', '192.0.2.100/32', 'bond0.100'])('%s', (word) => {
    expect(plainWord(word)).toBe(word);
  });

  test.each(['', ...' \t\n#!"\'\\{}()$%,;<>|&*?~=\u0000\u00e9'])('a word with %j is refused', (character) => {
    expect(() => plainWord(character === '' ? '' : `eth0${character}x`)).toThrow(QuotingError);
  });
});
