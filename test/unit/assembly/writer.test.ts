/** The thread that writes bundles: it writes what this one would, tells what goes wrong, and stops when told. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { type HostWriter, writerHere, writerInThread } from '../../../src/assembly/writer.ts';
import type { BundleEntry } from '../../../src/bundle/bundle.ts';
import { makeHostFolders } from '../../../src/bundle/host-writer.ts';
import { projectRoot, temporaryFolder } from '../../support/cli.ts';
import { treeOf } from '../../support/tree.ts';

const folder = temporaryFolder('writer');
const threadFile = pathToFileURL(join(projectRoot, 'dist/writer-thread.js'));

function stagingFolder(): string {
  const staging = mkdtempSync(join(folder, 'staging-'));
  makeHostFolders(staging);
  return staging;
}

const shared = Buffer.from('shared\n'.repeat(1000));

function payload(host: string): BundleEntry[] {
  const manifest = Buffer.from(`host ${host}\n`);
  return [
    { name: 'manifest', mode: 0o644, content: manifest, review: manifest },
    { name: 'rootfs/etc/shared', mode: 0o644, content: shared, review: shared },
    { name: 'rootfs/etc/key', mode: 0o600, content: Buffer.from(host), review: Buffer.from('REDACTED\n') },
  ];
}

const names = Array.from({ length: 50 }, (_, index) => `host${index}`);

function writeAll(writer: HostWriter) {
  return Promise.all(names.map((name) => writer.write(name, payload(name))));
}

test('writes the same bytes and says the same of them', async () => {
  const [here, there] = [stagingFolder(), stagingFolder()];
  const inThread = writerInThread(there, threadFile);
  const bundles = await writeAll(inThread);
  await inThread.close();
  expect(bundles).toEqual(await writeAll(writerHere(here)));
  expect(treeOf(there)).toEqual(treeOf(here));
  expect(readdirSync(join(there, 'bundles'))).toHaveLength(names.length);
});

test('an error of the disk keeps its code, and the next host is written', async () => {
  const staging = stagingFolder();
  const writer = writerInThread(staging, threadFile);
  rmSync(join(staging, 'bundles'), { recursive: true });
  await expect(writer.write('a', payload('a'))).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
  mkdirSync(join(staging, 'bundles'));
  expect(await writer.write('b', payload('b'))).toMatchObject({ bytes: expect.any(Number) });
  await writer.close();
});

test('a name that no archive takes is told', async () => {
  const writer = writerInThread(stagingFolder(), threadFile);
  const [entry] = payload('a');
  if (entry === undefined) throw new Error('no entry');
  await expect(writer.write('a', [{ ...entry, name: '../up' }])).rejects.toThrow();
  await writer.close();
});

test('writes nothing any more once it was halted, and answers nobody in vain', async () => {
  const staging = stagingFolder();
  const writer = writerInThread(staging, threadFile);
  const asked = names.map((name) => writer.write(name, payload(name)));
  const outcomes = Promise.allSettled(asked);
  await asked[0];
  writer.halt();
  rmSync(staging, { recursive: true });
  await delay(200);
  expect(() => readdirSync(staging)).toThrow('ENOENT');
  const states = (await outcomes).map(({ status }) => status);
  expect(states[0]).toBe('fulfilled');
  expect(states.length).toBe(names.length);
  await expect(writer.write('late', payload('late'))).rejects.toThrow();
});

test('a thread that cannot start is an error for every host', async () => {
  const writer = writerInThread(stagingFolder(), new URL('file:///nonexistent/writer-thread.js'));
  await expect(writer.write('a', payload('a'))).rejects.toThrow();
  await expect(writer.write('b', payload('b'))).rejects.toThrow();
  await writer.close();
});
