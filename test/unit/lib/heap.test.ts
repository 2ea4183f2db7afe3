import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { heapFlag } from '../../../src/lib/heap.ts';

/** What a Node says on standard error when a flag is set while it runs. */
function complaint(flag: string): string {
  const script = `require('node:v8').setFlagsFromString(${JSON.stringify(flag)})`;
  return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stderr;
}

test('this Node knows the flag, and says so of others', () => {
  expect(complaint(heapFlag)).toBe('');
  expect(complaint('--no-such-flag=30')).toContain('no-such-flag');
});
