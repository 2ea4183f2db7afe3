/**
 * Who packs and writes hosts: for large clusters another thread, so that a second core compresses and
 * writes while this one plans, renders and verifies; otherwise this thread, which costs no start.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isSea } from 'node:sea';
import type { BundleEntry } from '../bundle/bundle.ts';
import { createPack, type PackedBundle, readInstallScript } from './pack.ts';
import { writerInThread } from './writer-in-thread.ts';

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

/** Beside the built command; there is none beside the sources, and the single file has none in it. */
const threadFile = new URL('./writer-thread.js', import.meta.url);

/** A writer into an unfinished output, for a cluster of so many hosts. */
export function openWriter(staging: string, hosts: number): HostWriter {
  const wantsThread = hosts >= fewestHostsForThread && availableParallelism() > 1;
  if (!wantsThread || isSea() || !existsSync(threadFile)) return writerHere(staging);
  try {
    return writerInThread(staging, threadFile);
  } catch (error) {
    // Where processes are counted, there may be no thread left.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_INIT_FAILED') throw error;
    return writerHere(staging);
  }
}

/** Packs where it is called. */
export function writerHere(staging: string): HostWriter {
  return {
    // The turns of the event loop that packing takes are shared.
    concurrency: 4,
    write: createPack(staging, readInstallScript()),
    halt: () => {},
    close: async () => {},
  };
}
