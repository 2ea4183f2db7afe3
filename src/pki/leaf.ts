/** The leaf certificates of a store, each judged against what the inventory wants. */
import type { AuthorityName, KeyPair, PkiRequest, WantedCertificate } from '../model/certificate.ts';
import { type Authorities, type StoredAuthority, usableAuthorities } from './authority.ts';
import type { Certificate } from './certificate.ts';
import { pairPaths } from './layout.ts';
import { formatName } from './names.ts';
import { type PairState, readPair } from './pair.ts';
import type { StoreReader } from './reader.ts';
import { checkAhead, isSignedBy } from './signature.ts';
import { reissueReasons } from './wanted.ts';

export interface StoredLeaf {
  readonly state: 'current' | 'due';
  readonly pair: KeyPair;
  readonly certificate: Certificate;
  /** Why it is due; empty when it is current. */
  readonly reasons: readonly string[];
}

export type LeafState = StoredLeaf | { readonly state: 'missing' | 'refused' };

/** A leaf certificate with its key, on the way to being judged. */
export function readLeaf(reader: StoreReader, { id }: WantedCertificate): PairState {
  return readPair(reader, id, 'certificate-without-key');
}

/** Has the signature that is expected checked in another thread, see checkAhead of signature.ts. */
export async function checkLeafAhead(
  stored: PairState,
  authorities: Authorities,
  wanted: WantedCertificate,
): Promise<void> {
  const authority = authorities[wanted.authority];
  if (typeof stored === 'string' || typeof authority === 'string') return;
  await checkAhead(stored.certificate, authority.publicKey);
}

/** What is to be said of a leaf certificate; what is refused stands among the reader's problems. */
export function judgeLeaf(
  reader: StoreReader,
  stored: PairState,
  authorities: Authorities,
  wanted: WantedCertificate,
  request: PkiRequest,
  now: Date,
): LeafState {
  if (typeof stored === 'string') return { state: stored };
  const { pair, certificate } = stored;
  const signer = signerOf(certificate, wanted.authority, usableAuthorities(authorities));
  const authority = authorities[wanted.authority];
  // Without all authorities nobody can say whose it is, and what is wrong with them is reported already.
  if (Object.values(authorities).includes('refused')) return { state: 'refused' };
  if (signer === undefined || typeof authority === 'string') {
    reader.problems.push({
      kind: 'foreign-certificate',
      message: `is signed by ${formatName(certificate.issuer) || 'nobody'}, which is no authority of this store`,
      path: reader.pathOf(pairPaths(wanted.id).certificate),
      fix: 'restore the authority that signed it, or move the certificate and its key away to have them made anew',
    });
    return { state: 'refused' };
  }
  const comparison = { certificate, wanted, signedBy: signer.name, authority: authority.certificate };
  const reasons = reissueReasons(comparison, request, now);
  return { state: reasons.length === 0 ? 'current' : 'due', pair, certificate, reasons };
}

/** Who has signed a certificate; the one expected is tried first. */
function signerOf(
  certificate: Certificate,
  expected: AuthorityName,
  authorities: readonly StoredAuthority[],
): StoredAuthority | undefined {
  const ordered = [...authorities].sort(
    (left, right) => Number(right.name === expected) - Number(left.name === expected),
  );
  return ordered.find(
    (authority) =>
      authority.certificate.subjectDer.equals(certificate.issuerDer) &&
      isSignedBy(certificate, authority.publicKey),
  );
}
