/** A certificate as text for people: the same bytes for the same certificate, whatever the locale or the clock. */
import { createPublicKey } from 'node:crypto';
import {
  type Certificate,
  type CertificateFacts,
  certificateFacts,
  decodeCertificate,
  readCertificate,
  sha256,
} from './certificate.ts';
import { publicKeyKind } from './keys.ts';
import type { PairReader } from './read-once.ts';

const beginning = '-----BEGIN CERTIFICATE-----';
const block = /-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/g;

/**
 * The text form of every certificate of a PEM text, in order, a blank line
 * between two; empty when there is none. DerError when one cannot be read.
 */
export function certificateText(pem: string): string {
  return textOfAll(certificatesIn(pem));
}

function certificatesIn(pem: string): Certificate[] {
  return [...pem.matchAll(block)].map(([, base64 = '']) => decodeCertificate(Buffer.from(base64, 'base64')));
}

function textOfAll(certificates: readonly Certificate[]): string {
  return certificates.map(textOf).join('\n');
}

/**
 * What the review tree says of a key pair: its certificate as text, and the SHA-256 of its
 * public key (the SubjectPublicKeyInfo), which the store has found to be the private key's.
 */
export interface PairText {
  readonly certificate: string;
  /** Hexadecimal. */
  readonly publicKeySha256: string;
}

/** The texts of a pair by the PEM text of its certificate; DerError when that cannot be read. */
export function pairText(
  certificatePem: string,
  pairs: Pick<PairReader, 'certificate'> = { certificate: readCertificate },
): PairText {
  const leaf = pairs.certificate(certificatePem);
  const isAlone = certificatePem.split(beginning).length === 2;
  const certificates = isAlone ? [leaf] : certificatesIn(certificatePem);
  return { certificate: textOfAll(certificates), publicKeySha256: sha256(leaf.publicKeyDer) };
}

/** SHA-256 of a public key in PEM (its SubjectPublicKeyInfo), hexadecimal; node's error when it is none. */
export function publicKeySha256(publicKeyPem: string): string {
  return sha256(createPublicKey(publicKeyPem).export({ type: 'spki', format: 'der' }));
}

/** What is known of a certificate before it is made. */
export type PlannedFacts = Pick<CertificateFacts, 'subject' | 'issuer' | 'keyAlgorithm' | 'usages' | 'sans'>;

/** The lines of `certificateText` for a certificate that has yet to be made. */
export function plannedCertificateText(facts: PlannedFacts): string {
  return linesOf(plannedRows(facts));
}

/** Those lines of a certificate's text that `plannedCertificateText` has too, to compare the two. */
export function plannedLines(text: string): string {
  const labels = plannedRows({
    subject: '',
    issuer: '',
    keyAlgorithm: '',
    usages: [],
    sans: { dns: [], ip: [] },
  });
  return text
    .split('\n')
    .filter((line) => labels.some(([label]) => line.startsWith(`${label}: `)))
    .map((line) => `${line.replace(/^(key: \S+) \(\d+ bits\)$/, '$1')}\n`)
    .join('');
}

type Row = readonly [label: string, value: string | undefined];

function plannedRows({ subject, issuer, keyAlgorithm, usages, sans }: PlannedFacts): Row[] {
  return [
    ['subject', subject],
    ['issuer', issuer],
    ['key', keyAlgorithm],
    ['usages', usages.join(', ') || undefined],
    ['dns names', sans.dns.join(', ') || undefined],
    ['addresses', sans.ip.join(', ') || undefined],
  ];
}

function textOf(certificate: Certificate): string {
  const facts = certificateFacts(certificate);
  const { bits } = publicKeyKind(certificate.publicKeyDer);
  return linesOf([
    ['subject', facts.subject],
    ['issuer', facts.issuer],
    ['serial', colons(certificate.serial)],
    ['not before', utc(facts.notBefore)],
    ['not after', utc(facts.notAfter)],
    ['key', `${facts.keyAlgorithm} (${bits} bits)`],
    ['key sha256', facts.publicKeyHash],
    ['authority', authorityText(certificate)],
    ['key usages', certificate.keyUsages?.join(', ')],
    ['usages', facts.usages.join(', ') || undefined],
    ['dns names', facts.sans.dns.join(', ') || undefined],
    ['addresses', facts.sans.ip.join(', ') || undefined],
    ['other names', certificate.otherSans === 0 ? undefined : String(certificate.otherSans)],
    ['key id', certificate.subjectKeyIdentifier && colons(certificate.subjectKeyIdentifier)],
    ['issuer key id', certificate.authorityKeyIdentifier && colons(certificate.authorityKeyIdentifier)],
    ['sha256', facts.fingerprint],
  ]);
}

function linesOf(rows: readonly Row[]): string {
  return rows
    .flatMap(([label, value]) => (value === undefined ? [] : [`${label}: ${printable(value)}\n`]))
    .join('');
}

function authorityText({ isAuthority, pathLength }: Certificate): string {
  if (!isAuthority) return 'no';
  return pathLength === undefined ? 'yes' : `yes, path length ${pathLength}`;
}

/** Foreign certificates may hold anything in a DNS name; no control character gets into a text. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

function utc(moment: Date): string {
  return moment.toISOString().replace('.000Z', 'Z');
}

function colons(bytes: Buffer): string {
  return bytes.toString('hex').replace(/..(?=.)/g, '$&:');
}
