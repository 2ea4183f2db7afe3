/** What a store holds besides certificates: the service account's key pair, the bootstrap token, the encryption key. */
import { createPublicKey, randomBytes, randomInt } from 'node:crypto';
import type { Pki } from '../model/certificate.ts';
import type { KeyAlgorithm } from '../model/cluster.ts';
import { generateKey, publicKeyDerOf, publicKeyKind } from './keys.ts';
import { storeFiles } from './layout.ts';
import { isEncrypted, tryTo } from './pair.ts';
import type { PkiProblem, PkiProblemKind } from './problem.ts';
import type { StoreReader } from './reader.ts';
import { pemOf } from './x509.ts';

export type ServiceAccount = Pki['serviceAccount'];

/** A file's text, `missing`, or `refused` with the problem at the reader. */
export type SecretState = { readonly text: string } | 'missing' | 'refused';

const tokenPattern = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;
const tokenAlphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const encryptionKeyBytes = 32;

/** A key pair that signs the tokens of service accounts. */
export async function newServiceAccount(algorithm: KeyAlgorithm): Promise<ServiceAccount> {
  const { privateKeyPem, publicKeyDer } = await generateKey(algorithm);
  return { privateKeyPem, publicKeyPem: pemOf('PUBLIC KEY', publicKeyDer) };
}

/** A token as bootstrap token Secrets want it; randomInt draws again rather than favour some letters. */
export function newBootstrapToken(): string {
  const letters = (count: number) =>
    Array.from({ length: count }, () => tokenAlphabet.charAt(randomInt(tokenAlphabet.length))).join('');
  return `${letters(6)}.${letters(16)}`;
}

/** 32 random bytes in base64. */
export function newEncryptionKey(): string {
  return randomBytes(encryptionKeyBytes).toString('base64');
}

export function readBootstrapToken(reader: StoreReader): SecretState {
  return readSecret(reader, storeFiles.bootstrapToken, 'a token such as abcdef.0123456789abcdef', (text) =>
    tokenPattern.test(text),
  );
}

export function readEncryptionKey(reader: StoreReader): SecretState {
  return readSecret(reader, storeFiles.encryptionKey, '32 bytes in base64', (text) => {
    const bytes = Buffer.from(text, 'base64');
    return bytes.length === encryptionKeyBytes && bytes.toString('base64') === text;
  });
}

/** The pair; a key that was put there without its public half gets one, with `isNew` saying so. */
export function readServiceAccount(
  reader: StoreReader,
): { readonly pair: ServiceAccount; readonly isNew: boolean } | 'missing' | 'refused' {
  const refused = reader.problems.length;
  const privateKeyPem = reader.read(storeFiles.serviceAccountKey);
  const publicKeyPem = reader.read(storeFiles.serviceAccountPublicKey);
  if (reader.problems.length > refused) return 'refused';
  if (privateKeyPem === undefined && publicKeyPem === undefined) return 'missing';
  const problem = serviceAccountProblem(privateKeyPem, publicKeyPem);
  if (problem !== undefined || privateKeyPem === undefined) {
    if (problem !== undefined) reader.problems.push({ ...problem, path: reader.pathOf(problem.path) });
    return 'refused';
  }
  const isNew = publicKeyPem === undefined;
  return { pair: { privateKeyPem, publicKeyPem: publicKeyPem ?? publicPem(privateKeyPem) }, isNew };
}

function serviceAccountProblem(privateKeyPem: string | undefined, publicKeyPem: string | undefined) {
  const { serviceAccountKey, serviceAccountPublicKey } = storeFiles;
  const restore = 'restore both from a backup; with another key every token of the cluster becomes invalid';
  const problem = (kind: PkiProblemKind, path: string, message: string): PkiProblem => ({
    kind,
    message,
    path,
    fix: restore,
  });
  if (privateKeyPem === undefined) {
    return problem(
      'certificate-without-key',
      serviceAccountPublicKey,
      `has no ${serviceAccountKey} beside it`,
    );
  }
  if (isEncrypted(privateKeyPem)) {
    return problem(
      'encrypted-key',
      serviceAccountKey,
      'is encrypted; the daemons cannot ask for a passphrase',
    );
  }
  const own = tryTo(() => publicKeyDerOf(privateKeyPem));
  if (own === undefined || publicKeyKind(own).type === 'other') {
    return problem('unreadable-key', serviceAccountKey, 'holds no RSA or EC private key in PEM');
  }
  if (publicKeyPem === undefined) return undefined;
  const other = tryTo(() => createPublicKey(publicKeyPem).export({ type: 'spki', format: 'der' }));
  if (other === undefined)
    return problem('unreadable-key', serviceAccountPublicKey, 'holds no public key in PEM');
  return own.equals(other)
    ? undefined
    : problem('key-mismatch', serviceAccountPublicKey, `does not belong to ${serviceAccountKey}`);
}

function readSecret(
  reader: StoreReader,
  path: string,
  form: string,
  isWellFormed: (text: string) => boolean,
): SecretState {
  const refused = reader.problems.length;
  const text = reader.read(path)?.trim();
  if (text === undefined) return reader.problems.length > refused ? 'refused' : 'missing';
  if (isWellFormed(text)) return { text };
  reader.problems.push({
    kind: 'malformed-secret',
    message: `is not ${form}`,
    path: reader.pathOf(path),
    fix: 'restore it from a backup, or write it in that form',
  });
  return 'refused';
}

function publicPem(privateKeyPem: string): string {
  return pemOf('PUBLIC KEY', publicKeyDerOf(privateKeyPem));
}
