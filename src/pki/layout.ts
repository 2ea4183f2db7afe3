/**
 * Where things stand in a store. Authorities have kubeadm's file names, so that
 * those of an existing cluster can be copied in; a leaf certificate's id is its
 * path without the ending.
 *
 *     .hardway-pki  .gitignore
 *     ca.crt  ca.key  etcd/ca.crt  etcd/ca.key  front-proxy-ca.crt  front-proxy-ca.key
 *     sa.key  sa.pub  bootstrap-token  encryption-key
 *     hosts/HOST/NAME.crt  hosts/HOST/NAME.key  operator/admin.crt  operator/admin.key
 */
import { type AuthorityName, authorityNames } from '../model/certificate.ts';

/** Paths relative to the store, without `.crt` and `.key`. */
export const authorityPaths: Readonly<Record<AuthorityName, string>> = {
  'kubernetes-ca': 'ca',
  'etcd-ca': 'etcd/ca',
  'kubernetes-front-proxy-ca': 'front-proxy-ca',
};

export const storeFiles = {
  /** Says that the folder is a store and that its first filling was completed. */
  marker: '.hardway-pki',
  gitignore: '.gitignore',
  serviceAccountKey: 'sa.key',
  serviceAccountPublicKey: 'sa.pub',
  bootstrapToken: 'bootstrap-token',
  encryptionKey: 'encryption-key',
  journal: '.journal',
  staging: '.staging',
} as const;

const markerLine = 'PKI store of hardway, format 1. It holds private keys: never commit or copy it.';
const withoutLine = 'Made without: ';

/** What the marker says; `made` are the authorities that the store has had. */
export function markerText(made: readonly AuthorityName[]): string {
  const without = authorityNames.filter((name) => !made.includes(name));
  return without.length === 0 ? `${markerLine}\n` : `${markerLine}\n${withoutLine}${without.join(', ')}\n`;
}

/** The authorities that a store has had, by its marker; undefined when the marker is of another format. */
export function readMarker(text: string): AuthorityName[] | undefined {
  if (text.split('.')[0] !== markerLine.split('.')[0]) return undefined;
  const line = text.split('\n').find((one) => one.startsWith(withoutLine));
  const without = line?.slice(withoutLine.length).split(', ') ?? [];
  return authorityNames.filter((name) => !without.includes(name));
}

/** The store is never committed. */
export const gitignoreText = '*\n';

export interface PairPaths {
  readonly certificate: string;
  readonly key: string;
}

/** Files of an authority or of a leaf certificate, relative to the store. */
export function pairPaths(stem: string): PairPaths {
  return { certificate: `${stem}.crt`, key: `${stem}.key` };
}

/** Top-level names that may stand in a store before it has its marker: what an operator puts there, and what we do. */
const knownNames: ReadonlySet<string> = new Set([
  ...Object.values(authorityPaths).flatMap((stem) => Object.values(pairPaths(stem)).map(topLevel)),
  ...Object.values(storeFiles),
  `${storeFiles.journal}.tmp`,
  'hosts',
  'operator',
]);

export function isKnownName(name: string): boolean {
  return knownNames.has(name);
}

/**
 * Whether a certificate id can be a path: two or more plain names, the first of
 * which no file of the store has.
 */
export function isUsableId(id: string): boolean {
  const plain = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
  const names = id.split('/');
  return names.length > 1 && names.every((name) => plain.test(name)) && names[0] !== 'etcd';
}

function topLevel(path: string): string {
  return path.split('/')[0] ?? path;
}
