/**
 * The PKI store: what one inventory wants goes in, keys and certificates come
 * out. Made once and then reused; a leaf certificate is re-issued only when what
 * the inventory wants of it differs or its time runs out, authorities and the
 * service account's key never. All problems are found before anything is
 * written, and what is written appears in one step (journal.ts), under a lock
 * (lib/lock.ts). Certificates that nobody wants any more stay where they are.
 *
 * Everything is read and written synchronously: for thousands of small files
 * that costs a fifth of what promises do.
 */
import { withLock } from '../lib/lock.ts';
import { createPause } from '../lib/pause.ts';
import type { Pki, PkiChange, PkiRequest, WantedCertificate } from '../model/certificate.ts';
import { readContents } from './contents.ts';
import { defaultLockWaitMs, onDisk } from './environment.ts';
import { fillStore } from './fill.ts';
import { ensureFolder } from './folder.ts';
import { beginTransaction, type OnStep, recover } from './journal.ts';
import { markerText, storeFiles } from './layout.ts';
import { refuse } from './problem.ts';
import type { PairReader } from './read-once.ts';
import { createReader } from './reader.ts';

export interface StoreOptions {
  readonly now: Date;
  /** Certificates made, of those to be made. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Why a certificate that is current should be re-issued all the same; undefined for those that should not. */
  readonly reissue?: (certificate: WantedCertificate) => string | undefined;
  /** How long to wait for another run that uses the store; 30 s when not given. */
  readonly lockWaitMs?: number;
  /** Told before each thing that is done to the disk. */
  readonly onStep?: OnStep;
  /** Reads what is in the store; one that a command goes on with saves reading it again. */
  readonly pairs?: PairReader;
}

export interface OpenedStore {
  readonly pki: Pki;
  readonly changes: readonly PkiChange[];
  readonly warnings: readonly string[];
}

/**
 * The store at `dir` with everything that the request wants, made where it is
 * missing. A PkiStoreError lists every reason why the store cannot be used;
 * nothing in it has changed then.
 */
export async function openStore(
  dir: string,
  request: PkiRequest,
  options: StoreOptions,
): Promise<OpenedStore> {
  return onDisk(dir, async () => {
    const { root } = ensureFolder(dir);
    return withLock(root, options.lockWaitMs ?? defaultLockWaitMs, () => openLocked(root, request, options));
  });
}

async function openLocked(root: string, request: PkiRequest, options: StoreOptions): Promise<OpenedStore> {
  const { now, onProgress, reissue, onStep = () => {}, pairs } = options;
  const pause = createPause();
  await recover(root, onStep);
  // Looked at again under the lock: another run may have filled it meanwhile.
  const folder = ensureFolder(root);
  const reader = createReader(root, true, new Map(), pairs);
  const contents = await readContents(reader, request, folder, now, pause);
  refuse(contents.problems);
  const transaction = beginTransaction(root, onStep);
  const { pki, changes } = await fillStore({
    root,
    request,
    contents,
    now,
    transaction,
    pause,
    onProgress,
    reissue,
  });
  const made = new Set([...folder.made, ...request.authorities]);
  if (!folder.isComplete || made.size > folder.made.length)
    transaction.write(storeFiles.marker, markerText([...made]));
  await transaction.commit();
  return { pki, changes, warnings: contents.warnings };
}
