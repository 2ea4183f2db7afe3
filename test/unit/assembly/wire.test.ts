/** Entries that travel to another thread arrive as they were. */
import { expect, test } from 'vitest';
import { createDecoder, createEncoder } from '../../../src/assembly/wire.ts';
import type { BundleEntry } from '../../../src/bundle/bundle.ts';

/** Sends hosts one after another, each through the same clone and transfer as between threads. */
function travel(hosts: readonly (readonly BundleEntry[])[]) {
  const encode = createEncoder();
  const decode = createDecoder();
  return hosts.map((entries) => {
    const message = encode(entries);
    const bytes = message.bytes.length;
    return { bytes, entries: decode(structuredClone(message, { transfer: [message.bytes.buffer] })) };
  });
}

const shared = Buffer.from('the same for all hosts\n');
const empty = Buffer.alloc(0);

function host(name: string): BundleEntry[] {
  const open = Buffer.from(`# ${name}\n`);
  return [
    { name: 'manifest', mode: 0o644, content: open, review: open },
    {
      name: 'rootfs/a.key',
      mode: 0o600,
      content: Buffer.from(`key ${name}`),
      review: Buffer.from('REDACTED'),
    },
    {
      name: 'rootfs/a.crt',
      mode: 0o644,
      content: shared,
      review: shared,
      certificateText: `subject: ${name}\n`,
    },
    { name: 'rootfs/empty', mode: 0o644, content: empty, review: empty },
  ];
}

test('every entry of every host arrives', () => {
  const hosts = ['a', 'b', 'c', 'd'].map(host);
  expect(travel(hosts).map(({ entries }) => entries)).toEqual(hosts);
});

test('what was one buffer is one buffer again, and travels no more than twice', () => {
  const [first, second, third, fourth] = travel(['a', 'b', 'c', 'd'].map(host));
  for (const one of [first, second, third, fourth])
    expect(one?.entries[0]?.review, 'within a host').toBe(one?.entries[0]?.content);
  expect(third?.entries[2]?.content).toBe(second?.entries[2]?.content);
  expect(fourth?.entries[2]?.review).toBe(second?.entries[2]?.content);
  expect(second?.bytes).toBe(first?.bytes);
  expect(third?.bytes).toBe((first?.bytes ?? 0) - shared.length);
});

test('a message that counts on one that never came is an error', () => {
  const encode = createEncoder();
  encode(host('a'));
  encode(host('b'));
  expect(() => createDecoder()(encode(host('c')))).toThrow('no buffer');
});
