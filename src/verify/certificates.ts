/** Certificates in bundles: where each row of the catalog landed, and what can be read off a certificate. */
import type { X509Certificate } from 'node:crypto';
import { type CertificateRow, certificates } from '../catalog/certificates.ts';
import { hostFiles } from '../catalog/host-files.ts';
import { parseAddress } from '../lib/ip.ts';
import type { AuthorityName, Usage } from '../model/certificate.ts';
import { deviants, type Stated } from './agree.ts';
import { textAt } from './read-yaml.ts';
import { type ClusterView, decoded, type HostView } from './view.ts';

/** A leaf certificate as it stands in a bundle: in two files, or inside a kubeconfig. */
export interface HeldCertificate {
  readonly row: CertificateRow;
  readonly host: HostView;
  readonly file: string;
  readonly line: number | undefined;
  readonly pem: string | undefined;
  readonly keyPem: string | undefined;
  /** The file that holds the key. */
  readonly keyFile: string;
}

/** The certificates that the catalog gives to a host, as they stand in its bundle. */
export function heldCertificates({ facts }: ClusterView, host: HostView): HeldCertificate[] {
  const rows = certificates.filter(
    ({ role, bootstrap }) =>
      host.bundle.roles.includes(role) && (bootstrap === undefined || bootstrap === facts.bootstrapMethod),
  );
  return rows.map((row) => {
    const { kind, path } = row.delivery;
    if (kind === 'files') {
      const [file, keyFile] = [`${path}.crt`, `${path}.key`];
      return { row, host, file, line: undefined, pem: host.text(file), keyPem: host.text(keyFile), keyFile };
    }
    const document = host.documents.find((place) => place.path === path)?.document;
    const user = ['users', 0, 'user'] as const;
    return {
      row,
      host,
      file: path,
      line: document?.lineOf([...user, 'client-certificate-data']),
      pem: decoded(document?.value, ...user, 'client-certificate-data'),
      keyPem: decoded(document?.value, ...user, 'client-key-data'),
      keyFile: path,
    };
  });
}

/** Where authorities stand: the paths of their certificates, by the catalog of files. */
export const authorityFiles: readonly { readonly authority: AuthorityName; readonly path: string }[] =
  hostFiles.flatMap(({ source, path }) =>
    'authority' in source && source.part === 'certificate' ? [{ authority: source.authority, path }] : [],
  );

export interface AuthorityPlace {
  readonly host: HostView;
  readonly file: string;
  readonly line: number | undefined;
}

/** Every copy of an authority's certificate, in files and in kubeconfigs. */
export function authorityCopies({ hosts }: ClusterView, authority: AuthorityName): Stated<AuthorityPlace>[] {
  const inFiles = hosts.flatMap((host) =>
    authorityFiles
      .filter((row) => row.authority === authority)
      .flatMap(({ path }) => {
        const value = host.text(path);
        return value === undefined ? [] : [{ value, place: { host, file: path, line: undefined } }];
      }),
  );
  if (authority !== 'kubernetes-ca') return inFiles;
  const embedded = hosts.flatMap((host) =>
    host.ofKind('Config').flatMap(({ path, document }) => {
      const steps = ['clusters', 0, 'cluster', 'certificate-authority-data'] as const;
      const value = decoded(document.value, ...steps);
      return value === undefined
        ? []
        : [{ value, place: { host, file: path, line: document.lineOf(steps) } }];
    }),
  );
  return [...inFiles, ...embedded];
}

/** The certificate of an authority: the one that most places hold. */
export function authorityCertificate(
  view: ClusterView,
  authority: AuthorityName,
): X509Certificate | undefined {
  const copies = authorityCopies(view, authority);
  const usual = deviants(copies)[0]?.usual ?? copies[0];
  return usual === undefined ? undefined : view.parse(usual.value);
}

/** Common name and organizations of a subject. */
export function subjectOf({ subject }: X509Certificate): { commonNames: string[]; organizations: string[] } {
  const parts = (subject ?? '').split('\n').map((part) => part.split('='));
  const values = (name: string) => parts.flatMap(([key, ...rest]) => (key === name ? [rest.join('=')] : []));
  return { commonNames: values('CN'), organizations: values('O') };
}

const usageOids: Readonly<Record<string, Usage>> = {
  '1.3.6.1.5.5.7.3.1': 'server',
  '1.3.6.1.5.5.7.3.2': 'client',
};

/** Extended key usages; an unknown one as its number. */
export function usagesOf(certificate: X509Certificate): string[] {
  // Of a certificate without the extension Node gives undefined.
  return (certificate.keyUsage ?? []).map((oid) => usageOids[oid] ?? oid);
}

/** Whether an authority signed a certificate, and outlives it. */
export function signedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** Whether a client that dials this name or address accepts the certificate. */
export function covers(certificate: X509Certificate, name: string): boolean {
  if (parseAddress(name) !== undefined) return certificate.checkIP(name) !== undefined;
  return certificate.checkHost(name, { subject: 'never' }) !== undefined;
}

/** Host and port of a URL; brackets of IPv6 addresses taken away. */
export function dialled(url: string): { readonly name: string; readonly port: number } | undefined {
  const [, v6, name, port] =
    /^https:\/\/(?:\[([^\]]+)\]|([^:/?#]+))(?::([0-9]+))?(?:[/?#]|$)/.exec(url) ?? [];
  const host = v6 ?? name;
  return host === undefined ? undefined : { name: host, port: Number(port ?? 443) };
}

/** The server of a kubeconfig's first cluster. */
export function serverOf(value: unknown): string | undefined {
  return textAt(value, 'clusters', 0, 'cluster', 'server');
}
