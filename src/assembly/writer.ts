/**
 * Who packs and writes hosts: for large clusters another thread, so that a second core compresses and
 * writes while this one plans, renders and verifies; otherwise this thread, which costs no start.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { BundleEntry } from '../bundle/bundle.ts';
import { createPack, type PackedBundle, readInstallScript } from './pack.ts';
import { createEncoder } from './wire.ts';
import {
  errorOf,
  type WriteRequest,
  type WriteResponse,
  type WriterSettings,
  writerState,
} from './writer-protocol.ts';

export interface HostWriter {
  /** How many hosts may be on their way at once; more would only be in memory. */
  readonly concurrency: number;
  /** Packs and writes a host; takes what payloadEntries of bundle/bundle.ts gives. */
  readonly write: (host: string, payload: readonly BundleEntry[]) => Promise<PackedBundle>;
  /** Ends at once: when it returns, nothing is written any more. For whoever removes the output. */
  readonly halt: () => void;
  /** After the last host: lets go of what it holds. */
  readonly close: () => Promise<void>;
}

/** Below so many hosts, starting a thread takes longer than what it would do. */
const fewestHostsForThread = 100;

/** Beside the built command; there is none beside the sources, or within the single file. */
const threadFile = new URL('./writer-thread.js', import.meta.url);

/** A writer into an unfinished output, for a cluster of so many hosts. */
export function openWriter(staging: string, hosts: number): HostWriter {
  const wantsThread = hosts >= fewestHostsForThread && availableParallelism() > 1;
  return wantsThread && existsSync(threadFile) ? writerInThread(staging, threadFile) : writerHere(staging);
}

/** Packs where it is called. */
export function writerHere(staging: string): HostWriter {
  // The turns of the event loop that packing takes are shared.
  return {
    concurrency: 4,
    write: createPack(staging, readInstallScript()),
    halt: () => {},
    close: async () => {},
  };
}

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
