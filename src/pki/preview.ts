/** What a render would use, without a change to the store: what it has, and the rest made in memory. */
import { createPause } from '../lib/pause.ts';
import type { Pki, PkiRequest } from '../model/certificate.ts';
import { onDisk } from './environment.ts';
import { fillStore } from './fill.ts';
import { findFolder } from './folder.ts';
import { readUndisturbed } from './forecast.ts';
import type { Transaction } from './journal.ts';
import { refuse } from './problem.ts';

const nothingWritten: Transaction = { write: () => {}, commit: async () => {} };

/**
 * The keys and certificates that a render would pack now. Those that the store at `dir` lacks, or
 * would re-issue, exist only in what comes back. A PkiStoreError lists why the store cannot be used.
 */
export async function previewStore(dir: string, request: PkiRequest, now: Date): Promise<Pki> {
  return onDisk(dir, async () => {
    const contents = await readUndisturbed(dir, request, now);
    refuse(contents.problems);
    const root = findFolder(dir)?.root ?? dir;
    const { pki } = await fillStore({
      root,
      request,
      contents,
      now,
      transaction: nothingWritten,
      pause: createPause(),
      onProgress: undefined,
      reissue: undefined,
    });
    return pki;
  });
}
