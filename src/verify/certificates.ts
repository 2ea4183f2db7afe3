/** Certificates in bundles: where each row of the catalog landed, and what can be read off a certificate. */
import { type CertificateRow, certificates } from '../catalog/certificates.ts';
import { hostFiles } from '../catalog/host-files.ts';
import { parseAddress } from '../lib/ip.ts';
import { remembered, rememberedByObject } from '../lib/remember.ts';
import type { AuthorityName } from '../model/certificate.ts';
import type { Certificate } from '../pki/certificate.ts';
import { isSignedBy, verifyingKey } from '../pki/signature.ts';
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
export function heldCertificates(view: ClusterView, host: HostView): readonly HeldCertificate[] {
  return heldIn(view)(host);
}

const heldIn = rememberedByObject((view: ClusterView) =>
  rememberedByObject((host: HostView) => heldOf(view, host)),
);

function heldOf({ facts, withRole }: ClusterView, host: HostView): HeldCertificate[] {
  const keepsEtcd = withRole('etcd').length > 0;
  const rows = rowsOf(`${facts.bootstrapMethod} ${host.bundle.roles.join()}`).filter(
    // Where others keep etcd, its authority and the certificates for it are theirs.
    ({ authority }) => keepsEtcd || authority !== 'etcd-ca',
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

const rowsOf = remembered((methodAndRoles: string): readonly CertificateRow[] => {
  const [method, roles = ''] = methodAndRoles.split(' ');
  return certificates.filter(
    ({ role, bootstrap }) =>
      roles.split(',').includes(role) && (bootstrap === undefined || bootstrap === method),
  );
});

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
export function authorityCopies(
  view: ClusterView,
  authority: AuthorityName,
): readonly Stated<AuthorityPlace>[] {
  return copiesIn(view)(authority);
}

const copiesIn = rememberedByObject((view: ClusterView) =>
  remembered((authority: AuthorityName) => copiesOf(view, authority)),
);

function copiesOf({ hosts }: ClusterView, authority: AuthorityName): Stated<AuthorityPlace>[] {
  const inFiles = hosts.flatMap((host) =>
    authorityFiles
      .filter((row) => row.authority === authority)
      .flatMap(({ path }) => {
        const value = host.text(path);
        return value === undefined ? [] : [{ value, place: { host, file: path, line: undefined } }];
      }),
  );
  if (authority !== 'kubernetes-ca') return inFiles;
  // Of right bundles all have the same.
  const decodeOnce = remembered((data: string) => Buffer.from(data, 'base64').toString());
  const embedded = hosts.flatMap((host) =>
    host.ofKind('Config').flatMap(({ path, document }) => {
      const steps = ['clusters', 0, 'cluster', 'certificate-authority-data'] as const;
      const data = textAt(document.value, ...steps);
      return data === undefined
        ? []
        : [{ value: decodeOnce(data), place: { host, file: path, line: document.lineOf(steps) } }];
    }),
  );
  return [...inFiles, ...embedded];
}

/** The certificate of an authority: the one that most places hold. */
export function authorityCertificate(view: ClusterView, authority: AuthorityName): Certificate | undefined {
  const copies = authorityCopies(view, authority);
  const usual = deviants(copies)[0]?.usual ?? copies[0];
  return usual === undefined ? undefined : view.parse(usual.value);
}

/** Common name and organizations of a subject. */
export function subjectOf({ subject }: Certificate): { commonNames: string[]; organizations: string[] } {
  const values = (wanted: string) => subject.flatMap(({ type, value }) => (type === wanted ? [value] : []));
  return { commonNames: values('CN'), organizations: values('O') };
}

const verifyingKeys = new WeakMap<Certificate, ReturnType<typeof verifyingKey>>();

/** Whether an authority signed a certificate. */
export function signedBy(certificate: Certificate, authority: Certificate): boolean {
  if (!certificate.issuerDer.equals(authority.subjectDer)) return false;
  const key = verifyingKeys.get(authority) ?? verifyingKey(authority.publicKeyDer);
  verifyingKeys.set(authority, key);
  return isSignedBy(certificate, key);
}

/** Whether a client that dials this name or address accepts the certificate; a `*` stands for one label (RFC 6125). */
export function covers({ sans }: Certificate, name: string): boolean {
  const address = parseAddress(name)?.text;
  if (address !== undefined) return sans.ip.includes(address);
  const wanted = name.toLowerCase();
  const wildcard = wanted.replace(/^[^.]+/, '*');
  return sans.dns.some((one) => one.toLowerCase() === wanted || one.toLowerCase() === wildcard);
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
