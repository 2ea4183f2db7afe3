/** What the PKI store is asked for and what it gives back. */
import type { ExtraManifest } from './addon.ts';
import type { KeyAlgorithm, SubjectAttributes } from './cluster.ts';

export const authorityNames = ['kubernetes-ca', 'etcd-ca', 'kubernetes-front-proxy-ca'] as const;
export type AuthorityName = (typeof authorityNames)[number];

export type Usage = 'server' | 'client';

/** Subject alternative names, without repetition, in a fixed order. */
export interface SubjectAltNames {
  readonly dns: readonly string[];
  /** Canonical text, see lib/ip.ts. */
  readonly ip: readonly string[];
}

/** A leaf certificate that the inventory wants. */
export interface WantedCertificate {
  /** Unique and stable: the path below the store without its ending, `hosts/HOST/NAME` or `operator/NAME`. */
  readonly id: string;
  readonly authority: AuthorityName;
  readonly commonName: string;
  readonly organization: string | undefined;
  readonly usages: readonly Usage[];
  readonly sans: SubjectAltNames;
}

/** Everything that the store must hold for one inventory. */
export interface PkiRequest {
  /** Not the one of an etcd that others keep. */
  readonly authorities: readonly AuthorityName[];
  readonly keyAlgorithm: KeyAlgorithm;
  readonly caValidityDays: number;
  readonly certValidityDays: number;
  readonly renewBeforeDays: number;
  readonly subject: SubjectAttributes;
  readonly certificates: readonly WantedCertificate[];
}

/** PEM text, as it stands in the store. */
export interface KeyPair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** PEM text of what the keepers of an etcd cluster have given out to its clients. */
export interface ExternalEtcd extends KeyPair {
  /** One authority or several. */
  readonly authorityPem: string;
}

/** The opened store: lookups only, nothing is made after opening. */
export interface Pki {
  /** Those of the request. */
  readonly authorities: Readonly<
    Record<Exclude<AuthorityName, 'etcd-ca'>, KeyPair> & Partial<Record<'etcd-ca', KeyPair>>
  >;
  /** Not from the store: read beside the inventory. */
  readonly externalEtcd?: ExternalEtcd;
  /** Likewise, by their names in the inventory: they may hold Secrets. */
  readonly extraManifests?: ReadonlyMap<string, ExtraManifest>;
  readonly certificates: ReadonlyMap<string, KeyPair>;
  readonly serviceAccount: { readonly privateKeyPem: string; readonly publicKeyPem: string };
  /** `[a-z0-9]{6}.[a-z0-9]{16}`, as bootstrap token Secrets want it. */
  readonly bootstrapToken: string;
  /** 32 random bytes in base64: the key of the encryption at rest. */
  readonly encryptionKey: string;
}

/** One thing the store did when it was opened, and why. */
export interface PkiChange {
  readonly action: 'created' | 'reissued';
  /** A certificate id, an authority name, `service-account`, `bootstrap-token` or `encryption-key`. */
  readonly what: string;
  /** For re-issues: `SAN added: 10.0.0.5`, `expires in 12 days`, … */
  readonly reason: string;
}

/** An authority that the request named; asking for another is a mistake of the program. */
export function authorityOf(pki: Pick<Pki, 'authorities'>, name: AuthorityName): KeyPair {
  const pair = pki.authorities[name];
  if (pair === undefined) throw new Error(`the PKI store was not asked for ${name}`);
  return pair;
}
