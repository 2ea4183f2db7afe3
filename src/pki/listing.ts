/** What stands in a store, for listings and checks: nothing is made, moved or repaired. */
import { join } from 'node:path';
import { withLock } from '../lib/lock.ts';
import { createPause } from '../lib/pause.ts';
import type { PkiRequest } from '../model/certificate.ts';
import { type Certificate, type CertificateFacts, certificateFacts, daysLeft } from './certificate.ts';
import { type Contents, readContents } from './contents.ts';
import { defaultLockWaitMs, isSystemError, onDisk } from './environment.ts';
import { findFolder } from './folder.ts';
import { pendingPaths } from './journal.ts';
import { authorityPaths, pairPaths } from './layout.ts';
import type { PkiProblem } from './problem.ts';
import { createReader } from './reader.ts';

/** `due`: a render would re-issue it, or, for an authority, it expires soon. `refused`: see the problems. */
export type ListedState = 'current' | 'due' | 'missing' | 'refused';

export interface ListedCertificate {
  /** An authority's name or a certificate's id. */
  readonly what: string;
  /** Where the certificate is, or would be. */
  readonly path: string;
  readonly state: ListedState;
  /** Why it is due; empty otherwise. */
  readonly reasons: readonly string[];
  /** Undefined when it is missing or refused. */
  readonly facts: CertificateFacts | undefined;
  /** Whole days, negative once it has expired. */
  readonly daysLeft: number | undefined;
}

export interface Listing {
  /** The authorities, then the leaf certificates in the order of the request. */
  readonly certificates: readonly ListedCertificate[];
  readonly problems: readonly PkiProblem[];
  readonly warnings: readonly string[];
}

export interface ListingOptions {
  readonly now: Date;
  /** How long to wait for a run that changes the store; 30 s when not given. */
  readonly lockWaitMs?: number;
}

/**
 * The certificates that the request wants, as they stand in the store at `dir`;
 * all are missing when there is no such folder. Problems are in the result; a
 * PkiStoreError says that the folder is no store or cannot be read.
 */
export async function readStore(dir: string, request: PkiRequest, options: ListingOptions): Promise<Listing> {
  return onDisk(dir, async () => {
    const folder = findFolder(dir);
    if (folder === undefined) return emptyListing(dir, request);
    const { root } = folder;
    const list = async () => {
      const reader = createReader(root, false, pendingPaths(root));
      const contents = await readContents(reader, request, folder, options.now, createPause());
      return listingOf(root, request, contents, options.now);
    };
    return withLockIfWritable(root, options.lockWaitMs ?? defaultLockWaitMs, list);
  });
}

/** A store on a read-only file system, or one of another user, cannot be locked; nobody here changes it either. */
async function withLockIfWritable<T>(root: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  let hasStarted = false;
  const start = () => {
    hasStarted = true;
    return work();
  };
  try {
    return await withLock(root, waitMs, start);
  } catch (error) {
    const cannotLock = isSystemError(error) && ['EACCES', 'EPERM', 'EROFS'].includes(error.code ?? '');
    if (hasStarted || !cannotLock) throw error;
    return work();
  }
}

function listingOf(root: string, request: PkiRequest, contents: Contents, now: Date): Listing {
  const authorities = request.authorities.map((name) => {
    const state = contents.authorities[name];
    const path = join(root, pairPaths(authorityPaths[name]).certificate);
    if (typeof state === 'string')
      return listed(name, path, state === 'unwanted' ? 'missing' : state, [], undefined, now);
    const days = daysLeft(state.certificate.notAfter, now);
    const reasons = days > request.renewBeforeDays ? [] : [`expires in ${days} days`];
    return listed(name, path, reasons.length === 0 ? 'current' : 'due', reasons, state.certificate, now);
  });
  const leaves = request.certificates.map(({ id }) => {
    const leaf = contents.leaves.get(id) ?? { state: 'refused' };
    const path = join(root, pairPaths(id).certificate);
    return 'pair' in leaf
      ? listed(id, path, leaf.state, leaf.reasons, leaf.certificate, now)
      : listed(id, path, leaf.state, [], undefined, now);
  });
  return {
    certificates: [...authorities, ...leaves],
    problems: contents.problems,
    warnings: contents.warnings,
  };
}

function emptyListing(dir: string, request: PkiRequest): Listing {
  const stems = [
    ...request.authorities.map((name) => [name, authorityPaths[name]]),
    ...request.certificates.map(({ id }) => [id, id]),
  ];
  const certificates = stems.map(([what = '', stem = '']) =>
    listed(what, join(dir, pairPaths(stem).certificate), 'missing', [], undefined, new Date(0)),
  );
  return { certificates, problems: [], warnings: [] };
}

function listed(
  what: string,
  path: string,
  state: ListedState,
  reasons: readonly string[],
  certificate: Certificate | undefined,
  now: Date,
): ListedCertificate {
  if (certificate === undefined) return { what, path, state, reasons, facts: undefined, daysLeft: undefined };
  const facts = certificateFacts(certificate);
  return { what, path, state, reasons, facts, daysLeft: daysLeft(facts.notAfter, now) };
}
