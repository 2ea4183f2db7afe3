/** Everything that an inventory wants of a store, as it stands there: one pass, all problems collected. */
import type { Pause } from '../lib/pause.ts';
import type { PkiRequest } from '../model/certificate.ts';
import { type Authorities, authorityWarnings, readAuthorities } from './authority.ts';
import { authorityPaths, isUsableId, pairPaths, storeFiles } from './layout.ts';
import { type LeafState, readLeaf } from './leaf.ts';
import type { PkiProblem } from './problem.ts';
import { exposureWarnings, type StoreReader } from './reader.ts';
import { readBootstrapToken, readEncryptionKey, readServiceAccount, type SecretState } from './secrets.ts';

export interface Contents {
  readonly authorities: Authorities;
  readonly serviceAccount: ReturnType<typeof readServiceAccount>;
  readonly bootstrapToken: SecretState;
  readonly encryptionKey: SecretState;
  /** In the order of the request. */
  readonly leaves: ReadonlyMap<string, LeafState>;
  readonly problems: readonly PkiProblem[];
  readonly warnings: readonly string[];
}

/** The contents; `isComplete` says that the store once had everything, so that what is missing is lost. */
export async function readContents(
  reader: StoreReader,
  request: PkiRequest,
  isComplete: boolean,
  now: Date,
  pause: Pause,
): Promise<Contents> {
  checkIds(request);
  const authorities = readAuthorities(reader, now);
  const serviceAccount = readServiceAccount(reader);
  const bootstrapToken = readBootstrapToken(reader);
  const encryptionKey = readEncryptionKey(reader);
  const lost = isComplete
    ? lostPaths(authorities, serviceAccount === 'missing', encryptionKey === 'missing')
    : [];
  reader.problems.push(...lost.map((path) => lostProblem(reader.pathOf(path))));
  const leaves = new Map<string, LeafState>();
  // With an authority lost, its certificates would all be reported as foreign: one problem says enough.
  for (const wanted of lost.length > 0 ? [] : request.certificates) {
    leaves.set(wanted.id, readLeaf(reader, authorities, wanted, request, now));
    await pause();
  }
  const warnings = [
    ...authorityWarnings(authorities, request.renewBeforeDays, now),
    ...exposureWarnings(reader.exposed, reader.tightens),
  ];
  return {
    authorities,
    serviceAccount,
    bootstrapToken,
    encryptionKey,
    leaves,
    problems: reader.problems,
    warnings,
  };
}

/** A new bootstrap token may be had by deleting the old one; the rest is what a running cluster rests on. */
function lostPaths(
  authorities: Authorities,
  isAccountMissing: boolean,
  isEncryptionKeyMissing: boolean,
): string[] {
  return [
    ...Object.entries(authorityPaths).flatMap(([name, stem]) =>
      authorities[name as keyof Authorities] === 'missing' ? [pairPaths(stem).key] : [],
    ),
    ...(isAccountMissing ? [storeFiles.serviceAccountKey] : []),
    ...(isEncryptionKeyMissing ? [storeFiles.encryptionKey] : []),
  ];
}

function lostProblem(path: string): PkiProblem {
  return {
    kind: 'missing',
    message: 'was there once and is missing; a running cluster depends on it',
    path,
    fix: `restore it from a backup, or delete ${storeFiles.marker} in the store to have a new one made on purpose`,
  };
}

/** Ids come from a table, so a bad one is a mistake of the program. */
function checkIds({ certificates }: PkiRequest): void {
  const ids = new Set<string>();
  for (const { id } of certificates) {
    if (!isUsableId(id))
      throw new RangeError(`certificate id ${JSON.stringify(id)} is no path of plain names`);
    if (ids.has(id)) throw new RangeError(`certificate id ${id} is wanted twice`);
    ids.add(id);
  }
}
