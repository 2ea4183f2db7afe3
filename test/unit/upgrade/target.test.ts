import { describe, expect, test } from 'vitest';
import { releaseOf } from '../../../src/catalog/releases.ts';
import { routeTo } from '../../../src/upgrade/target.ts';

const newest = (minor: string) => `${minor}.${releaseOf(minor).newestPatch}`;

describe('routes', () => {
  test('go through every minor, by its newest patch', () => {
    expect(routeTo('1.20.2', '1.23')).toEqual({
      kind: 'route',
      hops: [
        { from: '1.20.2', to: newest('1.21') },
        { from: newest('1.21'), to: newest('1.22') },
        { from: newest('1.22'), to: newest('1.23') },
      ],
    });
  });

  test.each([
    ['1.20.2', '1.21.3', '1.21.3'],
    ['1.20.2', 'v1.21.3', '1.21.3'],
    ['1.20.2', '1.20.7', '1.20.7'],
    ['1.20.2', '1.20', newest('1.20')],
    ['1.9.2', '1.20.1', '1.20.1'],
  ])('%s to %s is one step, to %s', (from, written, to) => {
    expect(routeTo(from, written)).toEqual({ kind: 'route', hops: [{ from, to }] });
  });

  test('a patch that hardway does not know of a maintained line is a warning', () => {
    const patch = releaseOf('1.36').newestPatch + 1;
    expect(routeTo('1.35.0', `1.36.${patch}`)).toMatchObject({
      hops: [{ to: `1.36.${patch}` }],
      warning: expect.stringContaining('newer than this version of hardway'),
    });
  });
});

describe('targets that cannot be', () => {
  test.each([
    ['1.24.17', '1.23', /cannot be downgraded across minors/],
    ['1.24.17', '1.9', /cannot be downgraded across minors/],
    ['1.24.17', '1.24.3', /older than the inventory's 1\.24\.17/],
    ['1.24.17', '1.24.17', /at 1\.24\.17 already/],
    ['1.24.17', '1.24', /at 1\.24\.17 already/],
    ['1.20.2', '1.99', /1\.99 is not known.*1\.20 to 1\.37/],
    ['1.20.2', '2.0', /2\.0 is not known/],
    ['1.20.2', '1.24.99', /does not exist; the last patch of 1\.24 was 1\.24\.17/],
    ['1.20.2', 'latest', /latest is no version/],
    ['1.20.2', '1.24.0-rc.1', /is no version/],
  ])('%s to %s', (from, to, message) => {
    const route = routeTo(from, to);
    if (route.kind !== 'mistake') throw new Error('a route');
    expect(route.message).toMatch(message);
    expect(route.fix).not.toBe('');
  });
});
