import { describe, expect, test } from 'vitest';
import { createProgress, progressLine } from '../../../src/cli/progress.ts';
import { count, textTable } from '../../../src/lib/table.ts';
import { memoryIo } from '../../support/io.ts';

describe('progressLine', () => {
  test.each([
    [0, 8, 0, '  0 %'],
    [4, 8, 15, ' 50 %'],
    [8, 8, 30, '100 %'],
    [0, 0, 30, '100 %'],
    [999, 1000, 30, ' 99 %'],
  ])('%i of %i', (done, total, filled, share) => {
    const line = progressLine('bundles', done, total);
    expect(line).toBe(`bundles [${'#'.repeat(filled).padEnd(30)}] ${share} (${done} of ${total})`);
  });
});

describe('createProgress', () => {
  /** A terminal whose clock goes on by `stepMs` each time somebody looks at it. */
  function terminal(stepMs: number, columns = 80) {
    let now = Date.UTC(2030, 0, 1);
    const io = memoryIo({ isTerminal: true });
    return {
      ...io,
      columns,
      now: () => {
        now += stepMs;
        return new Date(now);
      },
    };
  }

  test('draws at most ten times a second and wipes its line', () => {
    const io = terminal(30);
    const progress = createProgress(io, false);
    for (let done = 1; done <= 20; done++) progress.update('bundles', done, 20);
    progress.finish();
    const drawn = io.errors().split('\r\u001b[K');
    expect(drawn.length).toBeLessThan(20 / 3 + 3);
    expect(drawn.length).toBeGreaterThan(3);
    expect(io.errors().endsWith('\r\u001b[K')).toBe(true);
    expect(io.output()).toBe('');
  });

  test('never reaches the last column, which would wrap the line', () => {
    const io = terminal(200, 20);
    createProgress(io, false).update('certificates', 1, 2);
    expect(io.errors().replace('\r\u001b[K', '')).toHaveLength(19);
  });

  test('draws nothing without a terminal, when quiet, or when there was nothing to draw', () => {
    const pipe = memoryIo();
    const quiet = memoryIo({ isTerminal: true });
    const idle = memoryIo({ isTerminal: true });
    for (const progress of [createProgress(pipe, false), createProgress(quiet, true)]) {
      progress.update('bundles', 1, 2);
      progress.finish();
    }
    createProgress(idle, false).finish();
    expect([pipe.errors(), quiet.errors(), idle.errors()]).toEqual(['', '', '']);
  });
});

describe('textTable', () => {
  test('aligns columns to their widest cell and leaves no blanks at the end', () => {
    const rows = [
      ['a', 'long cell', 'x'],
      ['longer', '', ''],
    ];
    expect(textTable(['ONE', 'TWO', 'THREE'], rows)).toBe(
      ['ONE     TWO        THREE', 'a       long cell  x', 'longer', ''].join('\n'),
    );
  });

  test('is only its header when there are no rows, and bears rows that are too short', () => {
    expect(textTable(['A', 'B'], [])).toBe('A  B\n');
    expect(textTable(['A', 'B'], [['1']])).toBe('A  B\n1\n');
  });
});

test('count', () => {
  expect([count(1, 'host'), count(6, 'host'), count(0, 'host'), count(2, 'key', 'keys of it')]).toEqual([
    '1 host',
    '6 hosts',
    '0 hosts',
    '2 keys of it',
  ]);
});
