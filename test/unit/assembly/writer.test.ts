/** The thread that writes bundles: it writes what this one would, tells what goes wrong, and stops when told. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { type HostWriter, writerHere } from '../../../src/assembly/writer.ts';
import { writerInThread } from '../../../src/assembly/writer-in-thread.ts';
import type { BundleEntry } from '../../../src/bundle/bundle.ts';
import { makeHostFolders } from '../../../src/bundle/host-writer.ts';
import { projectRoot, temporaryFolder } from '../../support/cli.ts';
import { modeOf, treeOf } from '../../support/tree.ts';

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
  expect(modeOf(join(there, 'bundles/host0.tar.gz'))).toBe(modeOf(join(here, 'bundles/host0.tar.gz')));
  expect(modeOf(join(there, 'bundles/host0.tar.gz'))).toBe('0600');
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
  await expect(writer.write('a', [{ ...entry, name: '../up' }])).rejects.toThrow(
    'not a name for an archive entry',
  );
  await writer.close();
});

test('once halted it writes nothing any more, has left no host half written, and answers nobody in vain', async () => {
  const staging = stagingFolder();
  const writer = writerInThread(staging, threadFile);
  const many = Array.from({ length: 400 }, (_, index) => `host${index}`);
  const asked = many.map((name) => writer.write(name, payload(name)));
  const outcomes = Promise.allSettled(asked);
  await asked[0];
  writer.halt();
  const written = treeOf(staging);
  const reviewed = readdirSync(join(staging, 'review')).sort();
  expect(readdirSync(join(staging, 'bundles')).sort()).toEqual(
    reviewed.map((name) => `${name}.tar.gz`).sort(),
  );
  expect(reviewed.length).toBeLessThan(many.length);
  await delay(200);
  expect(treeOf(staging)).toEqual(written);
  const states = (await outcomes).map(({ status }) => status);
  expect(states[0]).toBe('fulfilled');
  expect(states.at(-1)).toBe('rejected');
  await expect(writer.write('late', payload('late'))).rejects.toThrow('ended with');
});

test('a thread that cannot start is an error for every host', async () => {
  const writer = writerInThread(stagingFolder(), new URL('file:///nonexistent/writer-thread.js'));
  await expect(writer.write('a', payload('a'))).rejects.toThrow('/nonexistent/writer-thread.js');
  await expect(writer.write('b', payload('b'))).rejects.toThrow('/nonexistent/writer-thread.js');
  await writer.close();
});
