import { describe, expect, test } from 'vitest';
import { editDistance, nearest } from '../../../src/lib/edit-distance.ts';

describe('editDistance', () => {
  test.each([
    ['', '', 0],
    ['abc', '', 3],
    ['', 'ab', 2],
    ['kitten', 'sitting', 3],
    ['nmae', 'name', 1],
    ['same', 'same', 0],
  ])('%s and %s: %i', (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance);
  });

  test('stops at its limit', () => {
    expect(editDistance('abcdef', 'uvwxyz', 2)).toBe(3);
    expect(editDistance('a', 'abcdef', 2)).toBe(3);
  });
});

describe('nearest', () => {
  const known = ['serviceCIDR', 'podCIDR', 'clusterDNS', 'node-port'];

  test.each([
    ['serviceCidr', 'serviceCIDR'],
    ['podCDIR', 'podCIDR'],
    ['nodeport', 'node-port'],
    ['node_port', 'node-port'],
    ['zzz', undefined],
    ['x'.repeat(1000), undefined],
  ])('%s -> %s', (word, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });
});
