/** Reads certificates: what one says about itself, without judging it. */
import { hash } from 'node:crypto';
import { keptText } from '../lib/kept.ts';
import type { SubjectAltNames } from '../model/certificate.ts';
import { DerError, derChildren, derTag, expectTag, readBits, readDer, readOid, readTime } from './der.ts';
import {
  extensionOid,
  type KeyUsage,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
  readSubjectAltNames,
  readSubjectKeyIdentifier,
} from './extensions.ts';
import { keyIdentifier, publicKeyKind } from './keys.ts';
import { type DistinguishedName, formatName, readName } from './names.ts';
import type { SignedBytes } from './signature.ts';

/** A certificate, taken apart. */
export interface Certificate extends SignedBytes {
  /** Big-endian, as encoded. */
  readonly serial: Buffer;
  readonly subject: DistinguishedName;
  readonly subjectDer: Buffer;
  readonly issuer: DistinguishedName;
  readonly issuerDer: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKeyDer: Buffer;
  readonly isAuthority: boolean;
  readonly pathLength: number | undefined;
  /** Undefined when the certificate does not restrict its key. */
  readonly keyUsages: readonly KeyUsage[] | undefined;
  /** `server`, `client` or object identifiers. */
  readonly usages: readonly string[];
  readonly sans: SubjectAltNames;
  /** Names that are neither DNS names nor addresses. */
  readonly otherSans: number;
  readonly subjectKeyIdentifier: Buffer | undefined;
  readonly authorityKeyIdentifier: Buffer | undefined;
}

/** What a listing shows of a certificate; plain data. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Hexadecimal, lower case. */
  readonly serial: string;
  /** `ecdsa-p256`, `rsa-2048`, or an object identifier. */
  readonly keyAlgorithm: string;
  readonly usages: readonly string[];
  readonly sans: SubjectAltNames;
  readonly isAuthority: boolean;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the whole certificate, hexadecimal. */
  readonly fingerprint: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  readonly publicKeyHash: string;
}

const certificateBlock = /-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/;

/** The first certificate of a PEM text; DerError when there is none or it cannot be read. */
export function readCertificate(pem: string): Certificate {
  const base64 = certificateBlock.exec(pem)?.[1];
  if (base64 === undefined) throw new DerError('no PEM block CERTIFICATE');
  return decodeCertificate(keptText(base64, 'base64'));
}

/** A certificate from its DER bytes; DerError when they are none. */
export function decodeCertificate(der: Buffer): Certificate {
  const [body, algorithm, signature] = derChildren(readDer(der, derTag.sequence));
  const fields = derChildren(expectTag(body, derTag.sequence));
  // Certificates of version 1 have no version field, and no extensions (RFC 5280, 4.1.2.1).
  const [serial, innerAlgorithm, issuer, validity, subject, publicKey, ...rest] =
    fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  // RFC 5280, 4.1.1.2: the unsigned copy of the algorithm must be the signed one.
  if (innerAlgorithm?.whole.equals(expectTag(algorithm, derTag.sequence).whole) !== true) {
    throw new DerError('the signature algorithm stands there twice and differs');
  }
  const [notBefore, notAfter] = derChildren(expectTag(validity, derTag.sequence));
  const issuerDer = expectTag(issuer, derTag.sequence).whole;
  const subjectDer = expectTag(subject, derTag.sequence).whole;
  const list = rest.find((field) => field.tag === 0xa3);
  return {
    der,
    toBeSigned: expectTag(body, derTag.sequence).whole,
    signatureOid: readOid(derChildren(expectTag(algorithm, derTag.sequence))[0]),
    signature: readBits(signature),
    serial: expectTag(serial, derTag.integer).content,
    issuer: readName(issuerDer),
    issuerDer,
    subject: readName(subjectDer),
    subjectDer,
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    publicKeyDer: expectTag(publicKey, derTag.sequence).whole,
    ...extensionFields(list === undefined ? new Map() : readExtensions(list)),
  };
}

/** What a listing shows. */
export function certificateFacts(certificate: Certificate): CertificateFacts {
  const { subject, issuer, serial, usages, sans, isAuthority, notBefore, notAfter } = certificate;
  return {
    subject: formatName(subject),
    issuer: formatName(issuer),
    serial: serial.toString('hex'),
    keyAlgorithm: publicKeyKind(certificate.publicKeyDer).name,
    usages,
    sans,
    isAuthority,
    notBefore,
    notAfter,
    fingerprint: sha256(certificate.der),
    publicKeyHash: sha256(certificate.publicKeyDer),
  };
}

/** Whole days until a moment, rounded down; negative once it has passed. */
export function daysLeft(notAfter: Date, now: Date): number {
  return Math.floor((notAfter.getTime() - now.getTime()) / 86_400_000);
}

/** The key identifier that certificates signed by this one name: its own, or one computed from its key. */
export function keyIdentifierOf(certificate: Certificate): Buffer {
  return certificate.subjectKeyIdentifier ?? keyIdentifier(certificate.publicKeyDer);
}

export function sha256(bytes: Buffer): string {
  return hash('sha256', bytes);
}

function extensionFields(values: ReadonlyMap<string, Buffer>) {
  const read = <T>(dotted: string, decode: (value: Buffer) => T): T | undefined => {
    const value = values.get(dotted);
    return value === undefined ? undefined : decode(value);
  };
  const constraints = read(extensionOid.basicConstraints, readBasicConstraints);
  const { others = 0, dns = [], ip = [] } = read(extensionOid.subjectAltName, readSubjectAltNames) ?? {};
  return {
    isAuthority: constraints?.isAuthority ?? false,
    pathLength: constraints?.pathLength,
    keyUsages: read(extensionOid.keyUsage, readKeyUsage),
    usages: read(extensionOid.extendedKeyUsage, readExtendedKeyUsage) ?? [],
    sans: { dns, ip },
    otherSans: others,
    subjectKeyIdentifier: read(extensionOid.subjectKeyIdentifier, readSubjectKeyIdentifier),
    authorityKeyIdentifier: read(extensionOid.authorityKeyIdentifier, readAuthorityKeyIdentifier),
  };
}
