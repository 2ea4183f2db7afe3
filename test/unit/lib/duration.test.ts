import { expect, test } from 'vitest';
import { isGoDuration, parseDuration } from '../../../src/lib/duration.ts';

test.each([
  ['24h', 86_400],
  ['90m', 5400],
  ['7d', 604_800],
  ['1h30m', 5400],
  ['1d2h3m4s', 93_784],
  ['0s', 0],
  ['', undefined],
  ['24', undefined],
  ['30m1h', undefined],
  ['1.5h', undefined],
  ['-1h', undefined],
  ['1h\n', undefined],
])('parseDuration(%j) is %s', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  ['1h30m', true],
  ['0', true],
  ['-1.5h', true],
  ['300ms', true],
  ['7d', false],
  ['10', false],
  ['', false],
])('isGoDuration(%j) is %s', (text, expected) => {
  expect(isGoDuration(text)).toBe(expected);
});
