/** What sets a leaf certificate of the store apart from the one that the inventory wants. */
import type { AuthorityName, PkiRequest, WantedCertificate } from '../model/certificate.ts';
import { type Certificate, daysLeft } from './certificate.ts';
import { leafNotAfter } from './issue.ts';
import { publicKeyKind } from './keys.ts';
import { distinguishedName, formatName, namesAreEqual } from './names.ts';

export interface Comparison {
  readonly certificate: Certificate;
  readonly wanted: WantedCertificate;
  /** Which authority of the store has signed it. */
  readonly signedBy: AuthorityName;
  /** The certificate of the authority that would sign a new one. */
  readonly authority: Certificate;
}

/** Why a certificate has to be re-issued, in words; empty when it is as wanted. */
export function reissueReasons(comparison: Comparison, request: PkiRequest, now: Date): string[] {
  const { certificate, wanted, signedBy } = comparison;
  return [
    ...(signedBy === wanted.authority ? [] : [`signed by ${signedBy}, wanted ${wanted.authority}`]),
    ...subjectReasons(certificate, wanted, request),
    ...sanReasons(certificate, wanted),
    ...usageReasons(certificate, wanted),
    ...algorithmReasons(certificate, request),
    ...expiryReasons(comparison, request, now),
  ];
}

/** The reason of time alone: for listings, where a certificate that is due is still shown as it is. */
export function expiryReasons(
  { certificate, authority }: Comparison,
  request: PkiRequest,
  now: Date,
): string[] {
  const { notBefore, notAfter } = certificate;
  if (notBefore > now) return [`valid only from ${notBefore.toISOString()}`];
  const days = daysLeft(notAfter, now);
  if (days > request.renewBeforeDays) return [];
  // A new one must live longer, or every run would re-issue: an authority at its end gives no more time,
  // and neither does a validity that is shorter than the renewal window.
  const gainedDays = daysLeft(leafNotAfter(authority, request.certValidityDays, now), notAfter);
  if (notAfter <= now) return [`expired on ${notAfter.toISOString().slice(0, 10)}`];
  return gainedDays < 1 ? [] : [`expires in ${days} ${days === 1 ? 'day' : 'days'}`];
}

function subjectReasons(certificate: Certificate, wanted: WantedCertificate, request: PkiRequest): string[] {
  const subject = distinguishedName(wanted.commonName, wanted.organization, request.subject);
  return namesAreEqual(certificate.subject, subject)
    ? []
    : [`subject ${formatName(certificate.subject)}, wanted ${formatName(subject)}`];
}

function sanReasons({ sans, otherSans }: Certificate, wanted: WantedCertificate): string[] {
  const had = [...sans.dns, ...sans.ip];
  const wants = [...wanted.sans.dns, ...wanted.sans.ip];
  const added = missingFrom(had, wants);
  const removed = missingFrom(wants, had);
  if (otherSans > 0) removed.push(`${otherSans} of other kinds`);
  return [
    ...(added.length > 0 ? [`SAN added: ${added.join(', ')}`] : []),
    ...(removed.length > 0 ? [`SAN removed: ${removed.join(', ')}`] : []),
  ];
}

function usageReasons({ usages }: Certificate, wanted: WantedCertificate): string[] {
  const same = missingFrom(usages, wanted.usages).length + missingFrom(wanted.usages, usages).length === 0;
  return same ? [] : [`usages ${usages.join(', ') || 'none'}, wanted ${wanted.usages.join(', ') || 'none'}`];
}

function algorithmReasons({ publicKeyDer }: Certificate, { keyAlgorithm }: PkiRequest): string[] {
  const { name } = publicKeyKind(publicKeyDer);
  return name === keyAlgorithm ? [] : [`key algorithm ${name}, wanted ${keyAlgorithm}`];
}

function missingFrom(there: readonly string[], wanted: readonly string[]): string[] {
  const set = new Set(there);
  return wanted.filter((item) => !set.has(item));
}
