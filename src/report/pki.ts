/** The PKI of a cluster as the report shows it: authorities, what each has signed, and where every private key is. */
import * as paths from '../catalog/paths.ts';
import { type AuthorityName, authorityOf, type Pki } from '../model/certificate.ts';
import { type Cluster, hostsWithRole } from '../model/cluster.ts';
import { certificateText } from '../pki/text.ts';
import { authoritiesOf, certificateRows, operatorCertificateId } from '../plan/certificates.ts';
import type { ClusterTexts } from './texts.ts';

/** One certificate; what else is known of it stands in its text form, a file of its host. */
export interface ReportedCertificate {
  /** Index of its host; -1 for the operator's own. */
  readonly host: number;
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Its text form, where that is no file of a host. */
  readonly text?: string;
}

/** The certificates of one row of the table, on all hosts that hold it. */
export interface CertificateGroup {
  readonly name: string;
  readonly commonName: string;
  readonly organization: string;
  readonly usages: readonly string[];
  readonly role: string;
  /** The certificate, or the kubeconfig that has it inside. */
  readonly path: string;
  readonly keyPath: string;
  readonly why: string;
  readonly certificates: readonly ReportedCertificate[];
}

export interface ReportedAuthority {
  readonly name: AuthorityName;
  readonly certificate: ReportedCertificate;
  readonly text: string;
  /** Where its private key is. */
  readonly key: string;
  readonly groups: readonly CertificateGroup[];
}

/** Every certificate that hosts hold, by authority, and the operator's. */
export function reportedPki(cluster: Cluster, pki: Pki, texts: ClusterTexts): ReportedAuthority[] {
  const reader = createTextReader(cluster, texts);
  return authoritiesOf(cluster).map((name) => {
    const text = certificateText(authorityOf(pki, name).certificatePem);
    const rows = certificateRows(cluster).filter((row) => row.authority === name);
    return {
      name,
      certificate: { host: -1, ...validityOf(text) },
      text,
      key: keyPlaces[name],
      groups: rows.map((row): CertificateGroup => {
        const path = row.delivery.kind === 'files' ? `${row.delivery.path}.crt` : row.delivery.path;
        const own = hostsWithRole(cluster, row.role).flatMap((host) => reader(host.name, `${path}.txt`));
        return {
          name: row.name,
          commonName: row.commonName,
          organization: row.organization ?? '',
          usages: row.usages,
          role: row.role,
          path,
          keyPath: row.delivery.kind === 'files' ? `${row.delivery.path}.key` : row.delivery.path,
          why: row.why,
          certificates: row.name === 'admin' ? [...own, ...operatorsOwn(pki)] : own,
        };
      }),
    };
  });
}

const keyPlaces: Readonly<Record<AuthorityName, string>> = {
  'kubernetes-ca': `${paths.kubernetesPki}/ca.key on control planes, where the controller manager signs with it, and the PKI folder`,
  'etcd-ca': 'the PKI folder alone: it never leaves the operator',
  'kubernetes-front-proxy-ca': 'the PKI folder alone: it never leaves the operator',
};

function operatorsOwn(pki: Pki): ReportedCertificate[] {
  const pem = pki.certificates.get(operatorCertificateId)?.certificatePem;
  if (pem === undefined) return [];
  const text = certificateText(pem);
  return [{ host: -1, ...validityOf(text), text }];
}

/** Reads the validity out of the text forms that hosts have, through what their kinds share. */
function createTextReader(cluster: Cluster, { kinds, hosts, texts }: ClusterTexts) {
  const indexes = new Map(cluster.hosts.map(({ name }, index) => [name, index]));
  const places = kinds.map(({ files }) => new Map(files.map(({ path }, index) => [path, index])));
  const bases = kinds.map(() => new Map<number, ReturnType<typeof validityOf>>());
  return (hostName: string, path: string): ReportedCertificate[] => {
    const host = indexes.get(hostName) ?? -1;
    const { kind = -1, own = {} } = hosts[host] ?? {};
    const place = places[kind]?.get(path);
    if (place === undefined) return [];
    const known = bases[kind];
    const base = known?.get(place) ?? validityOf(texts[kinds[kind]?.files[place]?.text ?? -1] ?? '');
    known?.set(place, base);
    const edits = own[place];
    if (edits === undefined) return [{ host, ...base }];
    const changed = typeof edits === 'string' ? edits : edits.filter(isValidity).join('\n');
    return [{ host, ...base, ...validityOf(changed) }];
  };
}

function isValidity(edit: number | string): boolean {
  return typeof edit === 'string' && edit.startsWith('not ');
}

/** What a text form says of the time, as far as it says it. */
function validityOf(text: string): { from: number; to: number } {
  const moment = (label: string) => {
    const start = text.indexOf(label);
    return start < 0
      ? undefined
      : Date.parse(text.slice(start + label.length, text.indexOf('\n', start) >>> 0)) / 1000;
  };
  const [from, to] = [moment('not before: '), moment('not after: ')];
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) } as {
    from: number;
    to: number;
  };
}

/** A private key, by the file it is in. */
export interface KeyRow {
  readonly path: string;
  readonly what: string;
  readonly authority: string;
  readonly role: string;
  readonly hosts: number;
  readonly why: string;
}

/** Which role holds which private key, and why: the key map that a security review asks for. */
export function keyRows(cluster: Cluster): KeyRow[] {
  const leaves = certificateRows(cluster).map(
    (row): KeyRow => ({
      path: row.delivery.kind === 'files' ? `${row.delivery.path}.key` : row.delivery.path,
      what: row.organization === undefined ? row.commonName : `${row.commonName}, group ${row.organization}`,
      authority: row.authority,
      role: row.role,
      hosts: hostsWithRole(cluster, row.role).length,
      why: row.why,
    }),
  );
  const shared = sharedKeys
    .filter(({ external }) => !external || cluster.etcd.external !== undefined)
    .map(({ external: _external, ...row }) => ({
      ...row,
      hosts: hostsWithRole(cluster, 'control-plane').length,
    }));
  return [...leaves, ...shared];
}

/** Keys that are one and the same on every control plane. */
const sharedKeys = [
  {
    path: `${paths.kubernetesPki}/ca.key`,
    what: 'kubernetes-ca',
    authority: 'itself',
    role: 'control-plane',
    why: 'the controller manager signs the certificates that kubelets ask for; the same on every control plane',
    external: false,
  },
  {
    path: `${paths.kubernetesPki}/sa.key`,
    what: 'tokens of service accounts',
    authority: 'none: a key pair',
    role: 'control-plane',
    why: 'API servers sign tokens with it; the same on every control plane, so that each takes those of the others',
    external: false,
  },
  {
    path: `${paths.kubernetesPki}/apiserver-etcd-client.key`,
    what: 'as others have chosen',
    authority: 'of the external etcd',
    role: 'control-plane',
    why: 'given out by those who keep etcd; the same on every control plane',
    external: true,
  },
] as const;
