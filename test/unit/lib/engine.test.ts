import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { compilerFlags, heapFlags } from '../../../src/lib/engine.ts';

/** What a Node says on standard error when a flag is set while it runs. */
function complaint(flag: string): string {
  const script = `require('node:v8').setFlagsFromString(${JSON.stringify(flag)})`;
  return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stderr;
}

test.each([...heapFlags, ...compilerFlags])('this Node knows %s', (flag) => {
  expect(complaint(flag)).toBe('');
});

test('it says so of others', () => {
  expect(complaint('--no-such-flag=30')).toContain('no-such-flag');
});
