/** A change of the store interrupted before each single thing that it does to the disk. */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readStore } from '../../../src/pki/listing.ts';
import { openStore } from '../../../src/pki/store.ts';
import { apiserver, filesOf, newStore, now, refusal, request, wanted, write } from './support.ts';

class Interrupted extends Error {}

const steps = async (dir: string, wants = request()): Promise<string[]> => {
  const seen: string[] = [];
  await openStore(dir, wants, { now, onStep: (step) => seen.push(step) });
  return seen;
};

/** Opens a store and is interrupted before step `index`. */
async function interrupt(dir: string, index: number, wants = request()): Promise<void> {
  let count = 0;
  const onStep = () => {
    if (count++ === index) throw new Interrupted();
  };
  await expect(openStore(dir, wants, { now, onStep })).rejects.toThrow(Interrupted);
}

const leftovers = (dir: string) =>
  [...filesOf(dir).keys()].filter((path) => /journal|staging|lock|tmp/.test(path));

test('the first filling', async () => {
  const all = await steps(newStore());
  expect(all.slice(-6)).toEqual([
    'rename operator/admin.crt',
    'rename operator/admin.key',
    'rename .hardway-pki',
    'sync folders',
    'remove journal',
    'remove staging',
  ]);
  for (const index of all.keys()) {
    const dir = newStore();
    await interrupt(dir, index);
    const authority = readIf(join(dir, 'ca.crt'));
    const { pki, changes } = await openStore(dir, request(), { now });
    // With the journal written, nothing is made a second time.
    expect(changes.length).toBe(index > all.indexOf('write journal') ? 0 : 9);
    if (authority !== undefined) expect(pki.authorities['kubernetes-ca'].certificatePem).toBe(authority);
    expect(leftovers(dir)).toEqual([]);
    expect((await openStore(dir, request(), { now })).changes).toEqual([]);
  }
});

test('a re-issue: each pair is the old or the new one, the others keep their bytes', async () => {
  const original = newStore();
  await openStore(original, request(), { now });
  const before = filesOf(original);
  const wants = request({
    certificates: [
      { ...apiserver, usages: ['client'] },
      ...request().certificates.slice(1),
      wanted('hosts/b/c'),
    ],
  });
  const copy = () => {
    const dir = newStore();
    cpSync(original, dir, { recursive: true });
    return dir;
  };
  const all = await steps(copy(), wants);
  expect(all).toHaveLength(4 + 2 + 4 + 3);
  for (const index of all.keys()) {
    const dir = copy();
    await interrupt(dir, index, wants);
    // Opened for what it held before: with the journal written, the new pair is there and goes back to the old names.
    const { changes } = await openStore(dir, request(), { now });
    const expected = index > all.indexOf('write journal') ? ['usages client, wanted server'] : [];
    expect(changes.map(({ reason }) => reason)).toEqual(expected);
    const after = filesOf(dir);
    for (const [path, content] of before) {
      if (!path.startsWith('hosts/master01/apiserver') || expected.length === 0)
        expect(after.get(path)).toBe(content);
    }
    expect(leftovers(dir)).toEqual([]);
  }
});

test('a recovery that is interrupted itself', async () => {
  const all = await steps(newStore());
  const dir = newStore();
  await interrupt(dir, all.indexOf('rename ca.key'));
  const staged = JSON.parse(readFileSync(join(dir, '.journal'), 'utf8')).paths as string[];
  for (let index = 0; index <= staged.length + 2; index += 1) {
    const copy = newStore();
    cpSync(dir, copy, { recursive: true });
    await interrupt(copy, index);
    expect((await openStore(copy, request(), { now })).changes).toEqual([]);
  }
});

test('a listing sees the change once its journal is written, and ends nothing', async () => {
  const all = await steps(newStore());
  const dir = newStore();
  await interrupt(dir, all.indexOf('rename etcd/ca.key'));
  const before = filesOf(dir);
  const { certificates, problems } = await readStore(dir, request(), { now });
  expect(problems).toEqual([]);
  expect(certificates.map(({ state }) => state)).toEqual(certificates.map(() => 'current'));
  expect(filesOf(dir)).toEqual(before);
});

test.each([
  '{',
  '{"format":2,"paths":[]}',
  '{"format":1,"paths":"ca.crt"}',
  '{"format":1,"paths":["../x"]}',
  '{"format":1,"paths":["/etc/x"]}',
  '{"format":1,"paths":[7]}',
])('the journal %s is refused and moves nothing', async (journal) => {
  const dir = newStore();
  await openStore(dir, request(), { now });
  write(dir, '.journal', journal);
  write(dir, '.staging/0', 'evil');
  const before = filesOf(dir);
  expect((await refusal(openStore(dir, request(), { now }))).kind).toBe('broken-journal');
  expect((await refusal(readStore(dir, request(), { now }))).kind).toBe('broken-journal');
  expect(filesOf(dir)).toEqual(before);
  expect(existsSync(join(dirname(dir), 'x'))).toBe(false);
});

test('a draft of a journal is waste', async () => {
  const dir = newStore();
  await openStore(dir, request(), { now });
  writeFileSync(join(dir, '.journal.tmp'), '{"format":1,"pa');
  expect((await openStore(dir, request(), { now })).changes).toEqual([]);
  expect(leftovers(dir)).toEqual([]);
});

test('failures that are not the environment stay what they are', async () => {
  const onStep = () => {
    throw new TypeError('a mistake');
  };
  await expect(openStore(newStore(), request(), { now, onStep })).rejects.toThrow(TypeError);
});

function readIf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
