import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { syncPaths, writeFileAtomic } from '../../../src/lib/atomic-write.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'atomic-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a file is replaced with its mode, and nothing stays beside it', () => {
  const path = folder();
  writeFileSync(join(path, 'a'), 'old', { mode: 0o644 });
  writeFileAtomic(join(path, 'a'), 'new', 0o600);
  expect(readFileSync(join(path, 'a'), 'utf8')).toBe('new');
  expect(statSync(join(path, 'a')).mode & 0o777).toBe(0o600);
  expect(readdirSync(path)).toEqual(['a']);
});

test('a draft that was left is overwritten', () => {
  const path = folder();
  writeFileSync(join(path, 'a.tmp'), 'a draft that is longer than the file');
  writeFileAtomic(join(path, 'a'), 'new', 0o600);
  expect(readFileSync(join(path, 'a'), 'utf8')).toBe('new');
});

test('few and many paths are flushed; one that is not there is a system error', async () => {
  const path = folder();
  const many = Array.from({ length: 100 }, (_, index) => join(path, String(index)));
  for (const file of many) writeFileSync(file, '');
  await syncPaths(path, [path, ...many.slice(0, 3)]);
  await syncPaths(path, many);
  await expect(syncPaths(path, [join(path, 'missing')])).rejects.toMatchObject({ code: 'ENOENT' });
});

test('without the program that flushes a whole file system each path is flushed', async () => {
  const path = folder();
  const before = process.env.PATH;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  process.env.PATH = path;
  const many = Array.from({ length: 100 }, (_, index) => join(path, String(index)));
  for (const file of many) writeFileSync(file, '');
  await syncPaths(path, many);
  rmSync(join(path, '7'));
  await expect(syncPaths(path, many)).rejects.toMatchObject({ code: 'ENOENT' });
});
