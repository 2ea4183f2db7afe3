/** Makes authorities and leaf certificates in memory: keys by node:crypto, certificates by x509.ts. */
import { createPrivateKey } from 'node:crypto';
import type { AuthorityName, KeyPair, PkiRequest, WantedCertificate } from '../model/certificate.ts';
import { encode } from './asn1.ts';
import { type Certificate, keyIdentifierOf, readCertificate } from './certificate.ts';
import { generateKey, keyIdentifier } from './keys.ts';
import { distinguishedName, encodeName } from './names.ts';
import { signatureAlgorithmOf } from './signature.ts';
import { encodeCertificate, type Issuer } from './x509.ts';

/** An authority that can sign. */
export interface Authority {
  readonly name: AuthorityName;
  readonly pair: KeyPair;
  readonly certificate: Certificate;
  readonly issuer: Issuer;
}

/** What issuing takes from a request. */
export type IssueSettings = Pick<PkiRequest, 'keyAlgorithm' | 'certValidityDays' | 'subject'>;
export type AuthoritySettings = Pick<PkiRequest, 'keyAlgorithm' | 'caValidityDays' | 'subject'>;

const dayMs = 86_400_000;
/**
 * Certificates start an hour before they are made: hosts whose clock is behind,
 * which is common before time synchronization is up, must not refuse them.
 */
const backdateMs = 3_600_000;
/** The last moment that RFC 5280, 4.1.2.5 can write. */
const endOfTimeMs = Date.UTC(9999, 11, 31, 23, 59, 59);

/** A new self-signed authority. It has no path length: an operator may put intermediates below it, as below kubeadm's. */
export async function issueAuthority(
  name: AuthorityName,
  settings: AuthoritySettings,
  now: Date,
): Promise<Authority> {
  const key = await generateKey(settings.keyAlgorithm);
  const subject = distinguishedName(name, undefined, settings.subject);
  const issuer = issuerOf(
    encode(encodeName(subject)),
    keyIdentifier(key.publicKeyDer),
    key.publicKeyDer,
    key.privateKeyPem,
  );
  const certificatePem = encodeCertificate({
    subject,
    publicKeyDer: key.publicKeyDer,
    issuer,
    notBefore: wholeSeconds(now.getTime() - backdateMs),
    notAfter: daysLater(now, settings.caValidityDays),
    isAuthority: true,
    usages: [],
    sans: { dns: [], ip: [] },
  });
  const pair = { certificatePem, privateKeyPem: key.privateKeyPem };
  return { name, pair, certificate: readCertificate(certificatePem), issuer };
}

/**
 * A new key and a certificate for it. It never outlives its authority: a host
 * would see a valid certificate that nobody accepts.
 */
export async function issueLeaf(
  authority: Authority,
  wanted: Omit<WantedCertificate, 'id' | 'authority'>,
  settings: IssueSettings,
  now: Date,
): Promise<KeyPair> {
  const { privateKeyPem, publicKeyDer } = await generateKey(settings.keyAlgorithm);
  const { notBefore } = authority.certificate;
  const certificatePem = encodeCertificate({
    subject: distinguishedName(wanted.commonName, wanted.organization, settings.subject),
    publicKeyDer,
    issuer: authority.issuer,
    notBefore: wholeSeconds(Math.max(now.getTime() - backdateMs, notBefore.getTime())),
    notAfter: leafNotAfter(authority.certificate, settings.certValidityDays, now),
    isAuthority: false,
    usages: wanted.usages,
    sans: wanted.sans,
  });
  return { certificatePem, privateKeyPem };
}

/** Until when a leaf certificate made now is valid. */
export function leafNotAfter(authority: Certificate, certValidityDays: number, now: Date): Date {
  const wanted = daysLater(now, certValidityDays);
  return wanted < authority.notAfter ? wanted : authority.notAfter;
}

/** An authority that is there already; its key must have been checked against its certificate. */
export function loadAuthority(name: AuthorityName, pair: KeyPair, certificate: Certificate): Authority {
  const { subjectDer, publicKeyDer } = certificate;
  const issuer = issuerOf(subjectDer, keyIdentifierOf(certificate), publicKeyDer, pair.privateKeyPem);
  return { name, pair, certificate, issuer };
}

function issuerOf(nameDer: Buffer, keyId: Buffer, publicKeyDer: Buffer, privateKeyPem: string): Issuer {
  const algorithm = signatureAlgorithmOf(publicKeyDer);
  if (algorithm === undefined) throw new RangeError('an authority of this key type cannot sign here');
  return { nameDer, keyIdentifier: keyId, privateKey: createPrivateKey(privateKeyPem), algorithm };
}

function daysLater(now: Date, days: number): Date {
  return wholeSeconds(Math.min(now.getTime() + days * dayMs, endOfTimeMs));
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
