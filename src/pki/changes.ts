/** What is to be done about a store before it holds all that a request wants: decided here, done in fill.ts. */
import type { PkiChange, PkiRequest, WantedCertificate } from '../model/certificate.ts';
import type { Contents } from './contents.ts';

/** Why a certificate that is current is re-issued all the same; undefined for those that are not. */
export type Reissue = ((certificate: WantedCertificate) => string | undefined) | undefined;

/** Everything that is missing or due: authorities and secrets first, then certificates in the order of the request. */
export function changesOf(contents: Contents, request: PkiRequest, reissue: Reissue): PkiChange[] {
  const missing = [
    ...request.authorities.filter((name) => typeof contents.authorities[name] === 'string'),
    ...(typeof contents.serviceAccount === 'string' ? ['service-account'] : []),
    ...(typeof contents.bootstrapToken === 'string' ? ['bootstrap-token'] : []),
    ...(typeof contents.encryptionKey === 'string' ? ['encryption-key'] : []),
  ];
  return [
    ...missing.map(created),
    ...request.certificates.flatMap((wanted) => leafChange(contents, wanted, reissue) ?? []),
  ];
}

/** What is to be done about a leaf certificate, or undefined when it stays. */
function leafChange(contents: Contents, wanted: WantedCertificate, reissue: Reissue): PkiChange | undefined {
  const leaf = contents.leaves.get(wanted.id);
  if (leaf === undefined || !('pair' in leaf)) return created(wanted.id);
  const reason = leaf.reasons.length > 0 ? leaf.reasons.join('; ') : reissue?.(wanted);
  return reason === undefined ? undefined : { action: 'reissued', what: wanted.id, reason };
}

function created(what: string): PkiChange {
  return { action: 'created', what, reason: 'not in the store' };
}
