/** Everything that an inventory wants of a store, as it stands there: one pass, all problems collected. */
import type { Pause } from '../lib/pause.ts';
import type { AuthorityName, PkiRequest, WantedCertificate } from '../model/certificate.ts';
import { type Authorities, authorityWarnings, readAuthorities } from './authority.ts';
import type { StoreFolder } from './folder.ts';
import { authorityPaths, isUsableId, pairPaths, storeFiles } from './layout.ts';
import { checkLeafAhead, judgeLeaf, type LeafState, readLeaf } from './leaf.ts';
import type { PairState } from './pair.ts';
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

/** The contents; what a store that was once complete does not hold any more is lost. */
export async function readContents(
  reader: StoreReader,
  request: PkiRequest,
  folder: Pick<StoreFolder, 'isComplete' | 'made'>,
  now: Date,
  pause: Pause,
): Promise<Contents> {
  checkIds(request);
  const authorities = readAuthorities(reader, request.authorities, now);
  const serviceAccount = readServiceAccount(reader);
  const bootstrapToken = readBootstrapToken(reader);
  const encryptionKey = readEncryptionKey(reader);
  const lost = folder.isComplete
    ? lostPaths(folder.made, authorities, serviceAccount === 'missing', encryptionKey === 'missing')
    : [];
  reader.problems.push(...lost.map((path) => lostProblem(reader.pathOf(path))));
  const leaves = new Map<string, LeafState>();
  // With an authority lost, its certificates would all be reported as foreign: one problem says enough.
  const wanted = lost.length > 0 ? [] : request.certificates;
  for await (const { one, stored, problems } of leavesIn(reader, authorities, wanted)) {
    reader.problems.push(...problems);
    leaves.set(one.id, judgeLeaf(reader, stored, authorities, one, request, now));
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

/** So many certificates are read while the signatures of as many others are checked. */
const leavesAtOnce = 32;

interface ReadLeaf {
  readonly one: WantedCertificate;
  readonly stored: PairState;
  /** Its own, taken out of the reader's: they are told in the order of the request. */
  readonly problems: readonly PkiProblem[];
}

/** The leaf certificates of a store, in their order: the next are read while other threads check the signatures of these. */
async function* leavesIn(
  reader: StoreReader,
  authorities: Authorities,
  wanted: readonly WantedCertificate[],
): AsyncGenerator<ReadLeaf> {
  const readFrom = (start: number) => {
    const leaves = wanted.slice(start, start + leavesAtOnce).map((one): ReadLeaf => {
      const before = reader.problems.length;
      const stored = readLeaf(reader, one);
      return { one, stored, problems: reader.problems.splice(before) };
    });
    const checks = leaves.map(({ one, stored }) => checkLeafAhead(stored, authorities, one));
    return { leaves, checked: Promise.all(checks) };
  };
  let block = readFrom(0);
  for (let start = leavesAtOnce; block.leaves.length > 0; start += leavesAtOnce) {
    const next = readFrom(start);
    await block.checked;
    yield* block.leaves;
    block = next;
  }
}

/** A new bootstrap token may be had by deleting the old one; the rest is what a running cluster rests on. */
function lostPaths(
  made: readonly AuthorityName[],
  authorities: Authorities,
  isAccountMissing: boolean,
  isEncryptionKeyMissing: boolean,
): string[] {
  return [
    ...made
      .filter((name) => authorities[name] === 'missing')
      .map((name) => pairPaths(authorityPaths[name]).key),
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
