/** Key pairs: making them, telling their kind, and whether two halves belong together. */
import {
  type BasePrivateKeyEncodingOptions,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type ECKeyPairOptions,
  generateKeyPair,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto';
import type { KeyAlgorithm } from '../model/cluster.ts';
import { bits, encode, encodedSequence, sequence } from './asn1.ts';
import { derChildren, derTag, expectTag, readBits, readDer, readOid } from './der.ts';

/** A key pair as soon as it is made. */
export interface NewKey {
  /** PKCS #8: kubelet, the API server, etcd and kubeadm all read it, for RSA and EC alike. */
  readonly privateKeyPem: string;
  /** SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). */
  readonly publicKeyDer: Buffer;
}

/** What a public key is, from its SubjectPublicKeyInfo. */
export interface PublicKeyKind {
  readonly type: 'ec' | 'rsa' | 'other';
  /** `ecdsa-p256`, `rsa-2048`, or an object identifier. */
  readonly name: string;
  readonly bits: number;
}

const publicKeyEncoding: ECKeyPairOptions<'der', 'pem'>['publicKeyEncoding'] = {
  type: 'spki',
  format: 'der',
};
const privateKeyEncoding: BasePrivateKeyEncodingOptions<'pem'> & { type: 'pkcs8' } = {
  type: 'pkcs8',
  format: 'pem',
};

type KeyShape = { readonly curve: string } | { readonly modulusLength: number };

const shapes: Readonly<Record<KeyAlgorithm, KeyShape>> = {
  'ecdsa-p256': { curve: 'P-256' },
  'ecdsa-p384': { curve: 'P-384' },
  'rsa-2048': { modulusLength: 2048 },
  'rsa-3072': { modulusLength: 3072 },
  'rsa-4096': { modulusLength: 4096 },
};

/** Named curves by object identifier (RFC 5480, 2.1.1.1), with node's name for key agreement. */
const curves: Readonly<
  Record<string, { readonly name: string; readonly bits: number; readonly node: string }>
> = {
  '1.2.840.10045.3.1.7': { name: 'ecdsa-p256', bits: 256, node: 'prime256v1' },
  '1.3.132.0.34': { name: 'ecdsa-p384', bits: 384, node: 'secp384r1' },
  '1.3.132.0.35': { name: 'ecdsa-p521', bits: 521, node: 'secp521r1' },
};
const ecOid = '1.2.840.10045.2.1';
const rsaOid = '1.2.840.113549.1.1.1';

export function isRsa(algorithm: KeyAlgorithm): boolean {
  return 'modulusLength' in shapes[algorithm];
}

/**
 * A new key. EC keys are made on the spot (0.2 ms; a thread would cost more than
 * it saves), RSA keys on the thread pool, where several are made at once.
 */
export async function generateKey(algorithm: KeyAlgorithm): Promise<NewKey> {
  const shape = shapes[algorithm];
  if (!('curve' in shape)) return generateRsaKey(shape.modulusLength);
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: shape.curve,
    publicKeyEncoding,
    privateKeyEncoding,
  });
  return { privateKeyPem: privateKey, publicKeyDer: publicKey };
}

function generateRsaKey(modulusLength: number): Promise<NewKey> {
  return new Promise((resolve, reject) => {
    generateKeyPair(
      'rsa',
      { modulusLength, publicKeyEncoding, privateKeyEncoding },
      (error, publicKeyDer, privateKeyPem) =>
        error === null ? resolve({ privateKeyPem, publicKeyDer }) : reject(error),
    );
  });
}

/** The kind of a SubjectPublicKeyInfo; DerError when the bytes are none. */
export function publicKeyKind(spki: Buffer): PublicKeyKind {
  const [algorithm, key] = derChildren(readDer(spki, derTag.sequence));
  const [oid, parameters] = derChildren(expectTag(algorithm, derTag.sequence));
  const type = readOid(oid);
  if (type === ecOid && parameters?.tag === derTag.oid) {
    const curve = readOid(parameters);
    return { type: 'ec', name: curves[curve]?.name ?? curve, bits: curves[curve]?.bits ?? 0 };
  }
  if (type !== rsaOid) return { type: 'other', name: type, bits: 0 };
  const [modulus] = derChildren(readDer(readBits(key), derTag.sequence));
  const length = bitLength(expectTag(modulus, derTag.integer).content);
  return { type: 'rsa', name: `rsa-${length}`, bits: length };
}

/** Subject key identifier: SHA-1 of the public key's bits (RFC 5280, 4.2.1.2, method 1). */
export function keyIdentifier(spki: Buffer): Buffer {
  const [, key] = derChildren(readDer(spki, derTag.sequence));
  return createHash('sha1').update(readBits(key)).digest();
}

/**
 * SubjectPublicKeyInfo of a private key in PEM; throws node's error when the key
 * cannot be read. Loading a key costs OpenSSL 3 a third of a millisecond, so for
 * an EC key in PKCS #8, which is what the store writes, the public point is
 * computed instead, at a tenth of that.
 */
export function publicKeyDerOf(privateKeyPem: string): Buffer {
  return (
    ecPublicKeyDer(privateKeyPem) ??
    createPublicKey(createPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'der' })
  );
}

/**
 * Whether a private key, of which `ownSpki` is the public half, belongs to a certificate with the
 * public key `spki`; throws node's error when the key cannot be read.
 */
export function keyMatchesCertificate(
  privateKeyPem: string,
  ownSpki: Buffer,
  certificateDer: Buffer,
  spki: Buffer,
): boolean {
  if (ownSpki.equals(spki)) return true;
  // The last word is OpenSSL's: a certificate may hold its point compressed, for example.
  return new X509Certificate(certificateDer).checkPrivateKey(createPrivateKey(privateKeyPem));
}

/** The same for EC keys in PKCS #8 (RFC 5958) on a known curve alone; undefined for all others. */
function ecPublicKeyDer(privateKeyPem: string): Buffer | undefined {
  const base64 = /^-----BEGIN PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)-----END PRIVATE KEY-----\n$/.exec(
    privateKeyPem,
  )?.[1];
  if (base64 === undefined) return undefined;
  try {
    const [, algorithm, wrapped] = derChildren(readDer(Buffer.from(base64, 'base64'), derTag.sequence));
    const identifier = expectTag(algorithm, derTag.sequence);
    const [type, parameters] = derChildren(identifier);
    const curve = readOid(type) === ecOid ? curves[readOid(parameters)] : undefined;
    if (curve === undefined) return undefined;
    const inner = readDer(expectTag(wrapped, derTag.octetString).content, derTag.sequence);
    const agreement = createECDH(curve.node);
    agreement.setPrivateKey(expectTag(derChildren(inner)[1], derTag.octetString).content);
    return encode(sequence(encodedSequence(identifier.whole), bits(agreement.getPublicKey())));
  } catch {
    return undefined;
  }
}

function bitLength(unsigned: Buffer): number {
  const hex = unsigned.toString('hex').replace(/^0+/, '');
  return hex === '' ? 0 : (hex.length - 1) * 4 + Number.parseInt(hex.charAt(0), 16).toString(2).length;
}
