import { expect, test } from 'vitest';
import { compareMinors, parseVersion } from '../../../src/lib/version.ts';

test.each([
  ['1.20.2', { minor: '1.20', patch: 2 }],
  ['v1.20.15', { minor: '1.20', patch: 15 }],
  ['1.20', { minor: '1.20', patch: undefined }],
  ['1', undefined],
  ['1.20.2-rc.0', undefined],
  ['1.020.2', undefined],
  ['1.20.2\n', undefined],
  ['', undefined],
])('parseVersion(%j)', (text, expected) => {
  expect(parseVersion(text)).toEqual(expected);
});

test('minors compare as numbers', () => {
  expect(compareMinors('1.9', '1.20')).toBeLessThan(0);
  expect(compareMinors('2.0', '1.37')).toBeGreaterThan(0);
  expect(compareMinors('1.20', '1.20')).toBe(0);
  expect(compareMinors('', '')).toBe(0);
});
