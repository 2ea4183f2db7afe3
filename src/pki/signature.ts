/** Signature algorithms: which one an issuer's key makes, and checking what others made. */
import { createHash, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { type Asn1, nothing, oid, sequence } from './asn1.ts';
import { publicKeyKind } from './keys.ts';

export interface SignatureAlgorithm {
  readonly digest: 'sha256' | 'sha384' | 'sha512';
  readonly oid: string;
  /** RSA carries a NULL, ECDSA nothing (RFC 4055, 5; RFC 5758, 3.2). */
  readonly hasNull: boolean;
}

const ecdsa = (digest: SignatureAlgorithm['digest'], last: number): SignatureAlgorithm => ({
  digest,
  oid: `1.2.840.10045.4.3.${last}`,
  hasNull: false,
});
const rsa = (digest: SignatureAlgorithm['digest'], last: number): SignatureAlgorithm => ({
  digest,
  oid: `1.2.840.113549.1.1.${last}`,
  hasNull: true,
});

const rsaSha256 = rsa('sha256', 11);
const byKeyName: Readonly<Record<string, SignatureAlgorithm>> = {
  'ecdsa-p256': ecdsa('sha256', 2),
  'ecdsa-p384': ecdsa('sha384', 3),
  'ecdsa-p521': ecdsa('sha512', 4),
};
const byOid = new Map(
  [...Object.values(byKeyName), rsaSha256, rsa('sha384', 12), rsa('sha512', 13)].map((row) => [row.oid, row]),
);

/** The algorithm that a key of this kind signs with, or undefined when this program cannot sign with it. */
export function signatureAlgorithmOf(spki: Buffer): SignatureAlgorithm | undefined {
  const kind = publicKeyKind(spki);
  return kind.type === 'rsa' ? rsaSha256 : byKeyName[kind.name];
}

/** AlgorithmIdentifier. */
export function encodeAlgorithm(algorithm: SignatureAlgorithm): Asn1 {
  return algorithm.hasNull ? sequence(oid(algorithm.oid), nothing()) : sequence(oid(algorithm.oid));
}

/** A signature as X.509 wants it: PKCS #1 v1.5, or ECDSA in DER, which is node's default. */
export function signBytes(bytes: Buffer, algorithm: SignatureAlgorithm, key: KeyObject): Buffer {
  return sign(algorithm.digest, bytes, key);
}

/** Digests of signatures that were right, with the key and all that is signed. */
const knownAsRight = new Set<string>();
const publicKeys = new WeakMap<KeyObject, Buffer>();

/**
 * Whether the key signed a certificate. What was right is not computed again: a render meets each
 * certificate in its store, and at its end in a bundle.
 */
export function isSignedBy(certificate: SignedBytes, key: KeyObject): boolean {
  const digest = digestOf(certificate, key);
  if (knownAsRight.has(digest)) return true;
  const isRight = verifies(certificate, key);
  if (isRight) knownAsRight.add(digest);
  return isRight;
}

/**
 * Checks a signature in a thread of Node's pool, so that isSignedBy has nothing to compute when it is
 * right. It never fails: of a signature that is wrong, or of an algorithm or a key that is not ours, it
 * says nothing, since isSignedBy does.
 */
export function checkAhead(certificate: SignedBytes, key: KeyObject): Promise<void> {
  return new Promise((resolve) => {
    try {
      const algorithm = byOid.get(certificate.signatureOid);
      const digest = digestOf(certificate, key);
      if (algorithm === undefined || !fits(algorithm, key) || knownAsRight.has(digest)) return resolve();
      verify(algorithm.digest, certificate.toBeSigned, key, certificate.signature, (error, isRight) => {
        if (error === null && isRight) knownAsRight.add(digest);
        resolve();
      });
    } catch {
      resolve();
    }
  });
}

/** The whole certificate has the algorithm and the signature in it; both parts have their length in DER. */
function digestOf(certificate: SignedBytes, key: KeyObject): string {
  const spki = publicKeys.get(key) ?? publicHalf(key).export({ type: 'spki', format: 'der' });
  publicKeys.set(key, spki);
  return createHash('sha256').update(spki).update(certificate.der).digest('base64');
}

function publicHalf(key: KeyObject): KeyObject {
  return key.type === 'private' ? createPublicKey(key) : key;
}

function verifies(certificate: SignedBytes, key: KeyObject): boolean {
  const algorithm = byOid.get(certificate.signatureOid);
  if (algorithm === undefined) return new X509Certificate(certificate.der).verify(key);
  if (!fits(algorithm, key)) return false;
  return verify(algorithm.digest, certificate.toBeSigned, key, certificate.signature);
}

/** Whether a key can make signatures of this algorithm. */
function fits(algorithm: SignatureAlgorithm, key: KeyObject): boolean {
  return (key.asymmetricKeyType === 'rsa') === algorithm.hasNull;
}

/** The parts of a certificate that its signature is about. */
export interface SignedBytes {
  readonly der: Buffer;
  readonly toBeSigned: Buffer;
  readonly signatureOid: string;
  readonly signature: Buffer;
}

/** A public key, ready for checking many signatures. */
export function verifyingKey(spki: Buffer): KeyObject {
  return createPublicKey({ key: spki, type: 'spki', format: 'der' });
}
