import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/diagnostics/diagnostic.ts';
import {
  diagnosticsToJson,
  formatDiagnostics,
  sortDiagnostics,
  summarize,
} from '../../../src/diagnostics/format.ts';
import { linesOf } from '../../../src/diagnostics/position.ts';

function diagnostic(start: number, end: number, more: Partial<Diagnostic> = {}): Diagnostic {
  return {
    code: 'invalid-value',
    severity: 'error',
    path: ['a'],
    range: { start, end },
    message: 'is wrong',
    ...more,
  };
}

/** The excerpt of the text between two marks, as two lines. */
function shown(marked: string, more: Partial<Diagnostic> = {}): string[] {
  const start = marked.indexOf('«');
  const end = marked.indexOf('»') - 1;
  const text = marked.replace(/[«»]/g, '');
  const [, line = '', carets = ''] = formatDiagnostics({ file: 'f', text }, [
    diagnostic(start, end, more),
  ]).split('\n');
  return [line, carets];
}

describe('the excerpt', () => {
  test('has the style of the house', () => {
    const text = 'x\nnetwork:\n  podCIDR: 10.0.0.0/8\n';
    const start = text.indexOf('10.');
    const related = { range: { start: 2, end: 9 }, message: 'network' };
    expect(
      formatDiagnostics({ file: 'inventory.yaml', text }, [
        diagnostic(start, start + 10, { related, fix: 'write "x"' }),
      ]),
    ).toBe(
      [
        'inventory.yaml:3:12: error[invalid-value]: is wrong',
        '    3 |   podCIDR: 10.0.0.0/8',
        '      |            ^^^^^^^^^^',
        '  see: line 2, network',
        '  fix: write "x"',
        '',
      ].join('\n'),
    );
  });

  test('expands tabs', () => {
    expect(shown('a:\t«b»')).toEqual(['    1 | a:  b', '      |     ^']);
    expect(shown('«a\tb» c')).toEqual(['    1 | a   b c', '      | ^^^^^']);
  });

  test('counts wide and combining characters', () => {
    expect(shown('集群: «名» x')).toEqual(['    1 | 集群: 名 x', '      |       ^^']);
    expect(shown('e\u0301: «b»')).toEqual(['    1 | e\u0301: b', '      |    ^']);
    expect(shown('🚀: «b»')).toEqual(['    1 | 🚀: b', '      |     ^']);
  });

  test('makes control and reordering characters visible', () => {
    expect(shown('a\u001b[2J: «b»')[0]).toBe('    1 | a\\x1b[2J: b');
    expect(shown('a\u202e: «b\u0000»')).toEqual(['    1 | a\\u202e: b\\x00', '      |          ^^^^^']);
    expect(shown('a\ud800: «b»')[0]).toBe('    1 | a\\ud800: b');
    expect(shown('a\u{e0041}: «b»')[0]).toBe('    1 | a\\u{e0041}: b');
  });

  test('ends at the end of the line', () => {
    expect(shown('a: «b\nc: d»')).toEqual(['    1 | a: b', '      |    ^']);
    expect(shown('a: «b\r\nc: d»')).toEqual(['    1 | a: b', '      |    ^']);
    expect(shown('abc«»')).toEqual(['    1 | abc', '      |    ^']);
  });

  test('is absent where the line is empty', () => {
    expect(formatDiagnostics({ file: 'f', text: '' }, [diagnostic(0, 0)])).toBe(
      'f:1:1: error[invalid-value]: is wrong\n',
    );
    expect(formatDiagnostics({ file: 'f', text: 'a\n  \n' }, [diagnostic(2, 3)])).toBe(
      'f:2:1: error[invalid-value]: is wrong\n',
    );
  });

  test.each([0, 10, 69, 70, 71, 99, 100, 150, 5000, 9000, 9990])(
    'clips a long line around column %i',
    (at) => {
      const text = Array.from({ length: 10_000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join(
        '',
      );
      const marked = `${text.slice(0, at)}«${text.slice(at, at + 3)}»${text.slice(at + 3)}`;
      const [line = '', carets = ''] = shown(marked);
      expect(line.length).toBeLessThanOrEqual(110);
      const column = carets.indexOf('^');
      expect(line.slice(column, column + 3)).toBe(text.slice(at, at + 3));
      expect(carets.slice(column)).toBe('^^^');
    },
  );

  test('clips a range that is longer than the line shown', () => {
    const [line = '', carets = ''] = shown(`a: «${'b'.repeat(500)}»`);
    expect(line.endsWith('…')).toBe(true);
    expect(carets.length).toBeLessThanOrEqual(line.length);
  });

  test('reads a part of a line as long as the file, in time', () => {
    const text = `${'abcdefgh: '.repeat(700_000)}`;
    const list = Array.from({ length: 100 }, (_, index) => diagnostic(index * 60_000, index * 60_000 + 4));
    const start = performance.now();
    expect(formatDiagnostics({ file: 'f', text }, list).length).toBeGreaterThan(1000);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe('secrets', () => {
  test.each([
    ['http: «http://user:hunter2@proxy:3128»', 'hunter2'],
    ['http: "http://user:hunter2@proxy:3128" «x»', 'hunter2'],
    ['http: «"http://user:hun ter2@proxy"»', 'ter2'],
    ['{ password: hunter2, «x: y» }', 'hunter2'],
    ['  registryToken: "hunter2"   «#»', 'hunter2'],
    ['--password=hunter2 «x»', 'hunter2'],
    [`${'x'.repeat(10)}://u:${'hunter2'.repeat(800)}@h «x»`, 'hunter2'],
  ])('%s', (marked, secret) => {
    expect(shown(marked).join('\n')).not.toContain(secret);
  });

  test('the value at a secret key is blotted out, the key is not', () => {
    expect(shown('a: «hunter2»', { path: ['a', 'password', 0] })[0]).toBe('    1 | a: *******');
    expect(shown('«password»: [x]', { path: ['password'] })[0]).toBe('    1 | password: ***');
    expect(shown('clusterToken: «my etcd»', { path: ['etcd', 'clusterToken'] })[0]).toContain('my etcd');
    expect(shown('a: «b»', { path: [0] })[0]).toContain('b');
  });

  test('messages, fixes and related notes are masked too', () => {
    const text = 'see http://user:hunter2@proxy';
    const list = [
      diagnostic(0, 1, { message: text, fix: text, related: { range: { start: 0, end: 1 }, message: text } }),
    ];
    const source = { file: 'f', text: 'a' };
    expect(formatDiagnostics(source, list)).not.toContain('hunter2');
    expect(JSON.stringify(diagnosticsToJson(source, list))).not.toContain('hunter2');
  });
});

describe('the list', () => {
  const text = 'a\nb\nc\n';
  const list = [
    diagnostic(4, 5),
    diagnostic(0, 1, { severity: 'warning', message: 'b' }),
    diagnostic(0, 3),
    diagnostic(0, 1, { message: 'c' }),
  ];

  test('is sorted by position, errors first', () => {
    expect(sortDiagnostics(list).map(({ range, severity }) => [range.start, range.end, severity])).toEqual([
      [0, 1, 'error'],
      [0, 3, 'error'],
      [0, 1, 'warning'],
      [4, 5, 'error'],
    ]);
  });

  test('stops at its limit', () => {
    expect(formatDiagnostics({ file: 'f', text }, list, { limit: 2 })).toMatch(
      /\n\n\.\.\. and 2 more \(1 error, 1 warning\)\n$/,
    );
    expect(formatDiagnostics({ file: 'f', text }, [])).toBe('');
    expect(summarize(list)).toBe('3 errors, 1 warning');
    expect(summarize([])).toBe('');
  });

  test('has colours only when asked', () => {
    expect(formatDiagnostics({ file: 'f', text }, list)).not.toContain('\u001b');
    const colored = formatDiagnostics({ file: 'f\u001b', text }, list, { color: true });
    expect(colored).toContain('\u001b[1;31merror[invalid-value]\u001b[0m');
    expect(colored).toContain('\u001b[1;33mwarning');
    expect(colored).toContain('f\\x1b:1:1');
  });

  test('is plain data as JSON', () => {
    const related = { range: { start: 2, end: 3 }, message: 'see' };
    expect(
      diagnosticsToJson({ file: 'f', text }, [diagnostic(0, 3, { related, fix: 'do' }), diagnostic(4, 2)]),
    ).toEqual([
      {
        code: 'invalid-value',
        severity: 'error',
        file: 'f',
        line: 1,
        column: 1,
        endLine: 2,
        endColumn: 2,
        path: ['a'],
        message: 'is wrong',
        fix: 'do',
        related: { line: 2, column: 1, endLine: 2, endColumn: 2, message: 'see' },
      },
      expect.objectContaining({ line: 3, column: 1, endLine: 3, endColumn: 1, fix: null, related: null }),
    ]);
  });
});

test('positions beyond the text are its end', () => {
  const lines = linesOf({ file: 'f', text: 'ab\ncd' });
  expect(lines.positionOf(99)).toEqual({ line: 2, column: 3 });
  expect(lines.positionOf(-1)).toEqual({ line: 1, column: 1 });
  expect(lines.textOf(9)).toBe('');
});
