/** Makes what a store lacks and what is due in it, in the order of the request, into one transaction. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { forEachLimited } from '../lib/parallel.ts';
import type { Pause } from '../lib/pause.ts';
import type {
  AuthorityName,
  KeyPair,
  Pki,
  PkiChange,
  PkiRequest,
  WantedCertificate,
} from '../model/certificate.ts';
import { changesOf, type Reissue } from './changes.ts';
import type { Contents } from './contents.ts';
import { type Authority, issueAuthority, issueLeaf } from './issue.ts';
import type { Transaction } from './journal.ts';
import { isRsa } from './keys.ts';
import { authorityPaths, pairPaths, storeFiles } from './layout.ts';
import { PkiStoreError } from './problem.ts';
import { newBootstrapToken, newEncryptionKey, newServiceAccount, type SecretState } from './secrets.ts';

export interface Filling {
  readonly root: string;
  readonly request: PkiRequest;
  readonly contents: Contents;
  readonly now: Date;
  readonly transaction: Transaction;
  readonly pause: Pause;
  readonly onProgress: ((done: number, total: number) => void) | undefined;
  readonly reissue: Reissue;
}

type SigningAuthorities = ReadonlyMap<AuthorityName, Authority>;

/** Everything that the request wants, what is new of it in the transaction and among the changes. */
export async function fillStore(
  filling: Filling,
): Promise<{ readonly pki: Pki; readonly changes: PkiChange[] }> {
  const changes = changesOf(filling.contents, filling.request, filling.reissue);
  const authorities = await fillAuthorities(filling);
  const secrets = await fillSecrets(filling);
  const certificates = await fillLeaves(filling, authorities, new Set(changes.map(({ what }) => what)));
  const pairs = Object.fromEntries([...authorities].map(([name, { pair }]) => [name, pair]));
  return { pki: { ...secrets, authorities: pairs as Pki['authorities'], certificates }, changes };
}

async function fillAuthorities(filling: Filling): Promise<SigningAuthorities> {
  const { contents, request, now, transaction } = filling;
  const fill = async (name: AuthorityName) => {
    const state = contents.authorities[name];
    const isThere = typeof state !== 'string';
    return { name, isThere, authority: isThere ? state : await issueAuthority(name, request, now) };
  };
  const filled = await Promise.all(request.authorities.map(fill));
  for (const { name, authority } of filled.filter(({ isThere }) => !isThere))
    writePair(transaction, authorityPaths[name], authority.pair);
  return new Map(filled.map(({ name, authority }) => [name, authority]));
}

async function fillSecrets({
  contents,
  request,
  transaction,
}: Filling): Promise<Omit<Pki, 'authorities' | 'certificates'>> {
  const serviceAccount = await fillServiceAccount(contents.serviceAccount, request, transaction);
  const fill = (path: string, state: SecretState, make: () => string): string => {
    if (typeof state !== 'string') return state.text;
    const text = make();
    transaction.write(path, `${text}\n`);
    return text;
  };
  return {
    serviceAccount,
    bootstrapToken: fill(storeFiles.bootstrapToken, contents.bootstrapToken, newBootstrapToken),
    encryptionKey: fill(storeFiles.encryptionKey, contents.encryptionKey, newEncryptionKey),
  };
}

async function fillServiceAccount(
  state: Contents['serviceAccount'],
  { keyAlgorithm }: PkiRequest,
  transaction: Transaction,
): Promise<Pki['serviceAccount']> {
  if (typeof state !== 'string') {
    if (state.isNew) transaction.write(storeFiles.serviceAccountPublicKey, state.pair.publicKeyPem);
    return state.pair;
  }
  const pair = await newServiceAccount(keyAlgorithm);
  transaction.write(storeFiles.serviceAccountKey, pair.privateKeyPem);
  transaction.write(storeFiles.serviceAccountPublicKey, pair.publicKeyPem);
  return pair;
}

async function fillLeaves(
  filling: Filling,
  authorities: SigningAuthorities,
  changed: ReadonlySet<string>,
): Promise<Map<string, KeyPair>> {
  const { request, transaction, onProgress, pause } = filling;
  const toMake = request.certificates.filter(({ id }) => changed.has(id));
  const made = new Map<string, KeyPair>();
  // EC keys are made on this thread, one by one; RSA keys on the thread pool, as many as there are cores.
  const limit = isRsa(request.keyAlgorithm) ? availableParallelism() : 1;
  await forEachLimited(toMake, limit, async (wanted) => {
    const pair = await makeLeaf(filling, authorities, wanted);
    writePair(transaction, wanted.id, pair);
    made.set(wanted.id, pair);
    onProgress?.(made.size, toMake.length);
    await pause();
  });
  return new Map(request.certificates.map(({ id }) => [id, made.get(id) ?? storedPair(filling, id)]));
}

function storedPair({ contents }: Filling, id: string): KeyPair {
  const leaf = contents.leaves.get(id);
  if (leaf === undefined || !('pair' in leaf)) throw new Error(`certificate ${id} was not made`);
  return leaf.pair;
}

async function makeLeaf(
  filling: Filling,
  authorities: SigningAuthorities,
  wanted: WantedCertificate,
): Promise<KeyPair> {
  const authority = authorities.get(wanted.authority);
  if (authority === undefined)
    throw new Error(`${wanted.id} wants ${wanted.authority}, which the request has not`);
  try {
    return await issueLeaf(authority, wanted, filling.request, filling.now);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const path = join(filling.root, pairPaths(wanted.id).certificate);
    const fix = 'change the name in the inventory';
    throw new PkiStoreError({ kind: 'not-encodable', message: error.message, path, fix }, [], {
      cause: error,
    });
  }
}

function writePair(transaction: Transaction, stem: string, pair: KeyPair): void {
  const paths = pairPaths(stem);
  transaction.write(paths.certificate, pair.certificatePem);
  transaction.write(paths.key, pair.privateKeyPem);
}
