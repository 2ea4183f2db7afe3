import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { claimPrefix, LockTimeoutError, withLock } from '../../../src/lib/lock.ts';
import { processStart } from '../../../src/lib/process.ts';

const bundle = join(mkdtempSync(join(tmpdir(), 'lock-bundle-')), 'child.mjs');

beforeAll(async () => {
  const entry = fileURLToPath(new URL('lock-child.ts', import.meta.url));
  await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile: bundle });
  return () => rmSync(join(bundle, '..'), { recursive: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'lock-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A process that takes the lock `rounds` times and adds one to a number each time, or holds it until it is killed. */
function child(path: string, rounds: number | 'hold'): ChildProcess {
  const process = spawn('node', [bundle, path, String(rounds)], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void process.kill('SIGKILL'));
  return process;
}

const claims = (path: string) => readdirSync(path).filter((name) => name.startsWith(claimPrefix));

describe('the lock of a folder', () => {
  test('is gone after the work, and after its failure', async () => {
    const path = folder();
    expect(await withLock(path, 0, async () => claims(path).length)).toBe(1);
    expect(claims(path)).toEqual([]);
    await expect(withLock(path, 0, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(claims(path)).toEqual([]);
  });

  test('makes others wait, and names its holder to those who wait no longer', async () => {
    const path = folder();
    await withLock(path, 0, async () => {
      const error = await withLock(path, 100, async () => {}).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(LockTimeoutError);
      expect((error as LockTimeoutError).holder).toMatchObject({ pid: process.pid });
      expect((error as Error).message).toContain(`process ${process.pid}`);
      expect(claims(path)).toHaveLength(1);
    });
  });

  test('lets one process after the other work, none at the same time', async () => {
    const path = folder();
    writeFileSync(join(path, 'number'), '0');
    const children = Array.from({ length: 6 }, () => child(path, 15));
    const codes = await Promise.all(children.map(async (one) => (await once(one, 'exit'))[0]));
    expect(codes).toEqual(children.map(() => 0));
    expect(readFileSync(join(path, 'number'), 'utf8')).toBe('90');
    expect(claims(path)).toEqual([]);
  });

  test('of a process that was killed is taken over by one of many', async () => {
    const path = folder();
    writeFileSync(join(path, 'number'), '0');
    const holder = child(path, 'hold');
    await once(holder.stdout as NonNullable<typeof holder.stdout>, 'data');
    expect(claims(path)).toHaveLength(1);
    const waiting = Array.from({ length: 5 }, () => child(path, 5));
    holder.kill('SIGKILL');
    const codes = await Promise.all(waiting.map(async (one) => (await once(one, 'exit'))[0]));
    expect(codes).toEqual([0, 0, 0, 0, 0]);
    expect(readFileSync(join(path, 'number'), 'utf8')).toBe('25');
    expect(claims(path)).toEqual([]);
  });

  const claim = (pid: number, start: string | undefined, host = hostname()) =>
    `${claimPrefix}${pid}-${start}-0123456789ab-${host}`;

  test('does not take a new process for an old one with the same id', async () => {
    const path = folder();
    writeFileSync(join(path, claim(process.pid, 'abcdef01.1')), '');
    expect(await withLock(path, 0, async () => 'mine')).toBe('mine');
    expect(claims(path)).toEqual([]);
  });

  test('of another machine counts, whatever its process id', async () => {
    const path = folder();
    const name = claim(process.pid, 'abcdef01.1', 'elsewhere');
    writeFileSync(join(path, name), '');
    await expect(withLock(path, 50, async () => {})).rejects.toThrow(`process ${process.pid} on elsewhere`);
    expect(existsSync(join(path, name))).toBe(true);
  });

  test('leaves files alone that are no claims', async () => {
    const path = folder();
    writeFileSync(join(path, `${claimPrefix}x`), '');
    await withLock(path, 0, async () => {});
    expect(claims(path)).toEqual([`${claimPrefix}x`]);
  });

  test('of a folder that is not there is a system error', async () => {
    await expect(withLock('/nonexistent', 0, async () => {})).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the start of a process', () => {
  test('stays the same while it runs, and is gone with it', async () => {
    expect(processStart(process.pid)).toBe(processStart(process.pid));
    expect(processStart(process.pid)).not.toBe(processStart(process.ppid));
    const one = spawn('sleep', ['60']);
    const pid = one.pid ?? 0;
    expect(processStart(pid)).toBeDefined();
    one.kill('SIGKILL');
    await once(one, 'exit');
    expect(processStart(pid)).toBeUndefined();
  });
});
