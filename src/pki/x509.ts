/**
 * Encodes X.509 v3 certificates (RFC 5280). A specification comes in, DER and PEM
 * go out; nothing here reads a clock or a disk.
 */
import { type KeyObject, randomBytes } from 'node:crypto';
import type { SubjectAltNames, Usage } from '../model/certificate.ts';
import { type Asn1, bits, encode, encodedSequence, integer, octets, sequence, tagged, time } from './asn1.ts';
import {
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeKeyUsage,
  encodeSubjectAltNames,
  extension,
  extensionOid,
  type KeyUsage,
} from './extensions.ts';
import { keyIdentifier, publicKeyKind } from './keys.ts';
import { type DistinguishedName, encodeName } from './names.ts';
import { encodeAlgorithm, type SignatureAlgorithm, signBytes } from './signature.ts';

/** Who signs. The algorithm follows this key, never the subject's. */
export interface Issuer {
  /** The Name as the issuer's own certificate has it, byte for byte. */
  readonly nameDer: Buffer;
  readonly keyIdentifier: Buffer;
  readonly privateKey: KeyObject;
  readonly algorithm: SignatureAlgorithm;
}

export interface CertificateSpec {
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyDer: Buffer;
  readonly issuer: Issuer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isAuthority: boolean;
  /** Empty for authorities: an authority's extended usages would bind what it signs. */
  readonly usages: readonly Usage[];
  readonly sans: SubjectAltNames;
}

/** The signed certificate in PEM; a RangeError says which name or attribute a certificate cannot hold. */
export function encodeCertificate(spec: CertificateSpec): string {
  const toBeSigned = encode(encodeToBeSigned(spec));
  const { algorithm, privateKey } = spec.issuer;
  const signature = bits(signBytes(toBeSigned, algorithm, privateKey));
  return pemOf(
    'CERTIFICATE',
    encode(sequence(encodedSequence(toBeSigned), encodeAlgorithm(algorithm), signature)),
  );
}

/** RFC 7468 text: 64 columns, a final newline. */
export function pemOf(label: string, der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function encodeToBeSigned(spec: CertificateSpec): Asn1 {
  const version3 = tagged(0, integer(Buffer.from([2])));
  return sequence(
    version3,
    integer(randomSerial()),
    encodeAlgorithm(spec.issuer.algorithm),
    encodedSequence(spec.issuer.nameDer),
    sequence(time(spec.notBefore), time(spec.notAfter)),
    encodeName(spec.subject),
    encodedSequence(spec.publicKeyDer),
    tagged(3, sequence(...extensionsOf(spec))),
  );
}

function extensionsOf(spec: CertificateSpec): Asn1[] {
  const { isAuthority, usages, sans, subject, issuer } = spec;
  const list = [
    extension(extensionOid.keyUsage, encodeKeyUsage(keyUsagesOf(spec)), true),
    extension(extensionOid.basicConstraints, encodeBasicConstraints(isAuthority), true),
    extension(extensionOid.subjectKeyIdentifier, octets(keyIdentifier(spec.publicKeyDer)), false),
    extension(extensionOid.authorityKeyIdentifier, encodeAuthorityKeyIdentifier(issuer.keyIdentifier), false),
  ];
  if (usages.length > 0)
    list.push(extension(extensionOid.extendedKeyUsage, encodeExtendedKeyUsage(usages), false));
  if (sans.dns.length + sans.ip.length > 0) {
    // Critical exactly when the subject is empty (RFC 5280, 4.2.1.6).
    list.push(extension(extensionOid.subjectAltName, encodeSubjectAltNames(sans), subject.length === 0));
  }
  return list;
}

/**
 * An authority also gets digitalSignature, as kubeadm's do. keyEncipherment means
 * something for RSA alone: an EC key cannot encrypt (RFC 5480, 3).
 */
function keyUsagesOf(spec: CertificateSpec): readonly KeyUsage[] {
  if (spec.isAuthority) return ['digitalSignature', 'keyCertSign', 'cRLSign'];
  return publicKeyKind(spec.publicKeyDer).type === 'rsa'
    ? ['digitalSignature', 'keyEncipherment']
    : ['digitalSignature'];
}

/** 20 bytes, the longest that RFC 5280, 4.1.2.2 allows; the top bits 01 keep it positive and its length fixed. */
function randomSerial(): Buffer {
  const serial = randomBytes(20);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}
