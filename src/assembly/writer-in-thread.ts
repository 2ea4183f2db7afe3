/** The side of the thread that assembles hosts: starts the one that writes them, and tells it what. */
import { Worker } from 'node:worker_threads';
import { type PackedBundle, readInstallScript } from './pack.ts';
import { createEncoder } from './wire.ts';
import type { HostWriter } from './writer.ts';
import {
  errorOf,
  type WriteRequest,
  type WriteResponse,
  type WriterSettings,
  writerState,
} from './writer-protocol.ts';

/** To wake a thread takes longer than to tell it of a host. */
const hostsInMessage = 8;

interface Waiting {
  readonly resolve: (bundle: PackedBundle) => void;
  readonly reject: (error: Error) => void;
}

/** Packs in a thread that runs a file of JavaScript, writer-thread.ts as the build makes it. */
export function writerInThread(staging: string, file: URL): HostWriter {
  const state = new Int32Array(new SharedArrayBuffer(writerState.length * Int32Array.BYTES_PER_ELEMENT));
  const workerData: WriterSettings = { staging, installScript: readInstallScript(), state };
  // Of what it makes nearly nothing lives on: a small heap for the young is all that it needs.
  const thread = new Worker(file, { workerData, resourceLimits: { maxYoungGenerationSizeMb: 4 } });
  const encode = createEncoder();
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let failure: Error | undefined;

  const fail = (error: Error): void => {
    failure ??= error;
    // It has ended: nobody is to wait for what it was at.
    Atomics.store(state, writerState.busy, 0);
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  thread.on('message', (response: WriteResponse) => {
    const asked = waiting.get(response.id);
    waiting.delete(response.id);
    if ('error' in response) asked?.reject(errorOf(response.error));
    else asked?.resolve(response.bundle);
  });
  thread.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
  thread.on('messageerror', fail);
  thread.on('exit', (status) => fail(new Error(`the thread that writes bundles ended with ${status}`)));

  let queue: WriteRequest[] = [];
  const flush = (): void => {
    if (queue.length === 0) return;
    thread.postMessage(
      queue,
      queue.map(({ entries }) => entries.bytes.buffer),
    );
    queue = [];
  };
  const enqueue = (request: WriteRequest): void => {
    queue.push(request);
    if (queue.length >= hostsInMessage) flush();
    else if (queue.length === 1) setImmediate(flush);
  };

  return {
    concurrency: 4 * hostsInMessage,
    write: (host, payload) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        enqueue({ id, host, entries: encode(payload) });
      }),
    halt: () => {
      halt(state);
      void thread.terminate();
    },
    close: async () => {
      await thread.terminate();
    },
  };
}

/** A host takes milliseconds; a thread that has not ended by then has crashed. */
const mostMsUntilHalted = 10_000;

/** Tells a thread to write no further host, and waits for those that it is at. */
function halt(state: Int32Array<SharedArrayBuffer>): void {
  Atomics.store(state, writerState.halted, 1);
  const deadline = performance.now() + mostMsUntilHalted;
  for (;;) {
    const busy = Atomics.load(state, writerState.busy);
    const left = deadline - performance.now();
    if (busy === 0 || left <= 0) return;
    Atomics.wait(state, writerState.busy, busy, left);
  }
}
