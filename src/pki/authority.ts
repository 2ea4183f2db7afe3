/** The three authorities of a store: read, checked, and ready to sign and to verify. */
import type { KeyObject } from 'node:crypto';
import { type AuthorityName, authorityNames } from '../model/certificate.ts';
import { daysLeft } from './certificate.ts';
import { type Authority, loadAuthority } from './issue.ts';
import { publicKeyKind } from './keys.ts';
import { authorityPaths, pairPaths } from './layout.ts';
import { readPair, type StoredPair, tryTo } from './pair.ts';
import type { PkiProblemKind } from './problem.ts';
import type { StoreReader } from './reader.ts';
import { signatureAlgorithmOf, verifyingKey } from './signature.ts';

/** An authority that is there and usable, with its key for checking signatures. */
export interface StoredAuthority extends Authority {
  readonly publicKey: KeyObject;
}

/** `unwanted`: not looked at. */
export type AuthorityState = StoredAuthority | 'missing' | 'refused' | 'unwanted';
export type Authorities = Readonly<Record<AuthorityName, AuthorityState>>;

/** The wanted authorities of the store, those refused among the reader's problems. */
export function readAuthorities(
  reader: StoreReader,
  wanted: readonly AuthorityName[],
  now: Date,
): Authorities {
  const states = authorityNames.map(
    (name) => [name, wanted.includes(name) ? readAuthority(reader, name, now) : 'unwanted'] as const,
  );
  const authorities = Object.fromEntries(states) as Record<AuthorityName, AuthorityState>;
  refuseSharedKeys(reader, authorities);
  return authorities;
}

/** One key for two authorities would let a worker's certificate into etcd, and put etcd's key on control planes. */
function refuseSharedKeys(reader: StoreReader, authorities: Authorities): void {
  const seen = new Map<string, AuthorityName>();
  for (const { name, certificate } of usableAuthorities(authorities)) {
    const key = certificate.publicKeyDer.toString('base64');
    const other = seen.get(key);
    seen.set(key, name);
    if (other === undefined) continue;
    reader.problems.push({
      kind: 'not-an-authority',
      path: reader.pathOf(pairPaths(authorityPaths[name]).certificate),
      message: `has the key of ${other}; what one signs, the other would vouch for`,
      fix: 'use an authority of its own, or move both files away to have one made',
    });
  }
}

/** Those that are there. */
export function usableAuthorities(authorities: Authorities): StoredAuthority[] {
  return Object.values(authorities).filter((state) => typeof state !== 'string');
}

/** Warnings about authorities that end soon: they are never re-issued, because every host would have to follow. */
export function authorityWarnings(authorities: Authorities, renewBeforeDays: number, now: Date): string[] {
  return usableAuthorities(authorities).flatMap(({ name, certificate: { notAfter } }) => {
    const days = daysLeft(notAfter, now);
    if (days > renewBeforeDays) return [];
    return [
      `${name} expires in ${days} days (${utcDay(notAfter)}), and what it signs ends with it; plan its rotation`,
    ];
  });
}

function readAuthority(reader: StoreReader, name: AuthorityName, now: Date): AuthorityState {
  const state = readPair(reader, authorityPaths[name], 'external-authority');
  if (typeof state === 'string') return state;
  const problem = authorityProblem(state, now);
  if (problem === undefined) {
    const authority = loadAuthority(name, state.pair, state.certificate);
    return { ...authority, publicKey: verifyingKey(state.certificate.publicKeyDer) };
  }
  const path = reader.pathOf(pairPaths(authorityPaths[name]).certificate);
  reader.problems.push({ ...problem, path });
  return 'refused';
}

interface Finding {
  readonly kind: PkiProblemKind;
  readonly message: string;
  readonly fix: string;
}

/** Why certificates signed by this one would not be accepted. */
function authorityProblem({ certificate }: StoredPair, now: Date): Finding | undefined {
  const { isAuthority, keyUsages, notBefore, notAfter, publicKeyDer } = certificate;
  const another = 'use another authority, or move both files away to have one made';
  if (!isAuthority) {
    return {
      kind: 'not-an-authority',
      message: 'is no authority (basicConstraints is not CA:TRUE)',
      fix: another,
    };
  }
  if (keyUsages !== undefined && !keyUsages.includes('keyCertSign')) {
    return {
      kind: 'not-an-authority',
      message: 'must not sign certificates (keyUsage lacks keyCertSign)',
      fix: another,
    };
  }
  const key = tryTo(() => ({
    kind: publicKeyKind(publicKeyDer),
    algorithm: signatureAlgorithmOf(publicKeyDer),
  }));
  if (key?.algorithm === undefined || (key.kind.type === 'rsa' && key.kind.bits < 2048)) {
    const message = `has a key that is not accepted: ${key?.kind.name ?? 'unknown'}`;
    return {
      kind: 'weak-authority',
      message,
      fix: 'use RSA of 2048 bits or more, or ECDSA on P-256, P-384 or P-521',
    };
  }
  if (notBefore > now) {
    const message = `is valid from ${notBefore.toISOString()}; this machine's clock says ${now.toISOString()}`;
    return { kind: 'authority-not-yet-valid', message, fix: 'set the clock of this machine' };
  }
  if (notAfter <= now)
    return { kind: 'authority-expired', message: `expired on ${utcDay(notAfter)}`, fix: expiredFix };
  return undefined;
}

const expiredFix =
  'put a new certificate for the same key in its place (openssl x509 -in OLD -signkey KEY -days 3650 -out NEW), or move the store away to begin a new PKI';

function utcDay(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
