/** A certificate and its key as they stand in the store: both there, readable, and belonging together. */
import type { KeyPair } from '../model/certificate.ts';
import type { Certificate } from './certificate.ts';
import { keyMatchesCertificate } from './keys.ts';
import { pairPaths } from './layout.ts';
import type { PkiProblemKind } from './problem.ts';
import type { StoreReader } from './reader.ts';

export interface StoredPair {
  readonly pair: KeyPair;
  readonly certificate: Certificate;
}

/** `refused`: the reader has the problem. */
export type PairState = StoredPair | 'missing' | 'refused';

/** The pair at a path without its endings; `withoutKey` is the problem of a certificate that stands alone. */
export function readPair(reader: StoreReader, stem: string, withoutKey: PkiProblemKind): PairState {
  const paths = pairPaths(stem);
  const refused = reader.problems.length;
  const certificatePem = reader.read(paths.certificate);
  const privateKeyPem = reader.read(paths.key);
  if (reader.problems.length > refused) return 'refused';
  if (certificatePem === undefined && privateKeyPem === undefined) return 'missing';
  const refuse = (kind: PkiProblemKind, path: string, message: string, fix: string): 'refused' => {
    reader.problems.push({ kind, message, path: reader.pathOf(path), fix });
    return 'refused';
  };
  if (certificatePem === undefined) {
    const fix = `restore ${paths.certificate} from a backup, or move the key away to have both made anew`;
    return refuse('key-without-certificate', paths.key, 'has no certificate beside it', fix);
  }
  if (privateKeyPem === undefined) {
    return refuse(
      withoutKey,
      paths.certificate,
      withoutKeyMessage(withoutKey),
      withoutKeyFix(withoutKey, reader.pathOf(paths.key)),
    );
  }
  const certificate = tryTo(() => reader.pairs.certificate(certificatePem));
  if (certificate === undefined) {
    const fix = 'restore it from a backup, or move both files away to have them made anew';
    return refuse('unreadable-certificate', paths.certificate, 'holds no certificate in PEM', fix);
  }
  if (isEncrypted(privateKeyPem)) {
    const fix = 'decrypt it: openssl pkey -in FILE -out FILE.new, then put FILE.new in its place';
    return refuse('encrypted-key', paths.key, 'is encrypted; the daemons cannot ask for a passphrase', fix);
  }
  const matches = tryTo(() =>
    keyMatchesCertificate(
      privateKeyPem,
      reader.pairs.publicKey(privateKeyPem),
      certificate.der,
      certificate.publicKeyDer,
    ),
  );
  if (matches === undefined) {
    const fix = 'restore it from a backup, or move both files away to have them made anew';
    return refuse('unreadable-key', paths.key, 'holds no private key in PEM that can be used', fix);
  }
  if (!matches) {
    const fix = 'restore the pair from a backup, or move both files away to have them made anew';
    return refuse('key-mismatch', paths.key, `does not belong to ${paths.certificate}`, fix);
  }
  return { pair: { certificatePem, privateKeyPem }, certificate };
}

/** Whether a PEM text holds an encrypted key, of PKCS #8 or of OpenSSL's older kind. */
export function isEncrypted(pem: string): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem);
}

/** The value, or undefined when making it throws: the reasons of OpenSSL say nothing to an operator. */
export function tryTo<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function withoutKeyMessage(kind: PkiProblemKind): string {
  return kind === 'external-authority'
    ? 'has no key beside it; an authority whose key is kept elsewhere cannot sign here'
    : 'has no key beside it';
}

function withoutKeyFix(kind: PkiProblemKind, key: string): string {
  return kind === 'external-authority'
    ? `put its key at ${key}; for a new cluster, begin with an empty store`
    : `restore ${key} from a backup, or move the certificate away to have both made anew`;
}
