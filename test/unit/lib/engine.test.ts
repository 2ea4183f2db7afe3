import { spawnSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { describe, expect, test, vi } from 'vitest';
import { lateCompiler, smallHeap, tune } from '../../../src/lib/engine.ts';
import { hardway } from '../../support/cli.ts';

vi.mock('node:v8', () => ({ setFlagsFromString: vi.fn() }));

const [release = ''] = process.versions.v8.split('.');

/** What a Node says on standard error when a flag is set while it runs. */
function complaint(flag: string): string {
  const script = `require('node:v8').setFlagsFromString(${JSON.stringify(flag)})`;
  return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stderr;
}

describe.each([
  ['the small heap', smallHeap],
  ['the late compiler', lateCompiler],
])('%s', (_, { flags, v8 }) => {
  test.runIf(v8.includes(release)).each(flags)('this V8 knows %s', (flag) => {
    expect(complaint(flag)).toBe('');
  });
});

test('of a flag that it does not know, V8 complains', () => {
  expect(complaint('--no-such-flag=30')).toContain('no-such-flag');
});

test('flags are set in releases that have them, and in no other', () => {
  tune({ flags: ['--a', '--b'], v8: ['0'] });
  expect(setFlagsFromString).not.toHaveBeenCalled();
  tune({ flags: ['--a', '--b'], v8: ['0', release] });
  expect(vi.mocked(setFlagsFromString).mock.calls).toEqual([['--a'], ['--b']]);
});

test('a command says nothing of it', () => {
  expect(hardway(['--version'])).toMatchObject({ status: 0, stderr: '' });
});
