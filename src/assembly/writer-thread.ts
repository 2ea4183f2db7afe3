/** The thread that packs and writes hosts, see writer.ts: a file of its own in the build. */
import { parentPort, workerData } from 'node:worker_threads';
import type { BundleEntry } from '../bundle/bundle.ts';
import { createPack } from './pack.ts';
import { createDecoder } from './wire.ts';
import {
  carried,
  type WriteRequest,
  type WriteResponse,
  type WriterSettings,
  writerState,
} from './writer-protocol.ts';

const { staging, installScript, state }: WriterSettings = workerData;
const pack = createPack(staging, Buffer.from(installScript));
const decode = createDecoder();

// Nobody would ever answer for its hosts: an error that nobody catches ends the thread, and is told.
parentPort?.on('messageerror', (error) => {
  throw error;
});
parentPort?.on('message', async (requests: readonly WriteRequest[]) => {
  // At once: the next message may come while these are being packed, and counts on what they bring.
  const decoded = requests.map(({ id, host, entries }) => ({ id, host, payload: decode(entries) }));
  for (const { id, host, payload } of decoded) await write(id, host, payload);
});

async function write(id: number, host: string, payload: readonly BundleEntry[]): Promise<void> {
  // First counted, then asked: whoever halts does it the other way round, so one of both sees the other.
  Atomics.add(state, writerState.busy, 1);
  const isHalted = Atomics.load(state, writerState.halted) === 1;
  const response = isHalted ? undefined : await packed(id, host, payload);
  Atomics.sub(state, writerState.busy, 1);
  Atomics.notify(state, writerState.busy);
  // Last: who has all answers may end this thread, which is to be at nothing then.
  if (response !== undefined) parentPort?.postMessage(response);
}

async function packed(id: number, host: string, payload: readonly BundleEntry[]): Promise<WriteResponse> {
  try {
    return { id, bundle: await pack(host, payload) };
  } catch (error) {
    return { id, error: carried(error) };
  }
}
