/** The certificate table applied to a cluster: which certificate every host holds. */
import { type CertificateRow, certificates } from '../catalog/certificates.ts';
import {
  type AuthorityName,
  authorityNames,
  type PkiRequest,
  type WantedCertificate,
} from '../model/certificate.ts';
import type { Cluster, Host } from '../model/cluster.ts';
import { subjectAltNames } from './sans.ts';

export interface PlannedCertificate extends WantedCertificate {
  /** The host that holds it; undefined for the operator's own. */
  readonly host: Host | undefined;
  readonly row: CertificateRow;
}

/** Id of the administrator's certificate on the operator's own machine. */
export const operatorCertificateId = 'operator/admin';

/** The id under which the store keeps a host's certificate. */
export function certificateId(host: Host, name: string): string {
  return `hosts/${host.name}/${name}`;
}

/** The authorities that are the cluster's own: those of an etcd that others keep are theirs. */
export function authoritiesOf(cluster: Cluster): readonly AuthorityName[] {
  return cluster.etcd.external === undefined
    ? authorityNames
    : authorityNames.filter((name) => name !== 'etcd-ca');
}

/** The rows of the table that apply to a cluster. */
export function certificateRows(cluster: Cluster): readonly CertificateRow[] {
  const authorities = authoritiesOf(cluster);
  return certificates.filter(
    (row) =>
      authorities.includes(row.authority) &&
      (row.bootstrap === undefined || row.bootstrap === cluster.bootstrap.method),
  );
}

/** The rows that a host holds. */
export function certificateRowsOf(cluster: Cluster, host: Host): readonly CertificateRow[] {
  return certificateRows(cluster).filter((row) => host.roles.includes(row.role));
}

/** Every leaf certificate that the inventory wants, host by host, then the operator's. */
export function plannedCertificates(cluster: Cluster): PlannedCertificate[] {
  const ofHosts = cluster.hosts.flatMap((host) =>
    certificateRowsOf(cluster, host).map((row) => planned(cluster, host, row)),
  );
  const admin = certificates.find((row) => row.name === 'admin');
  const [first] = cluster.hosts;
  if (admin === undefined || first === undefined) return ofHosts;
  return [...ofHosts, { ...planned(cluster, first, admin), id: operatorCertificateId, host: undefined }];
}

/** What the PKI store must hold for a cluster. */
export function pkiRequest(cluster: Cluster): PkiRequest {
  const { keyAlgorithm, caValidityDays, certValidityDays, renewBeforeDays, subject } = cluster.pki;
  return {
    authorities: authoritiesOf(cluster),
    keyAlgorithm,
    caValidityDays,
    certValidityDays,
    renewBeforeDays,
    subject,
    certificates: plannedCertificates(cluster),
  };
}

function planned(cluster: Cluster, host: Host, row: CertificateRow): PlannedCertificate {
  return {
    id: certificateId(host, row.name),
    authority: row.authority,
    commonName: row.commonName.replace('{node}', host.name),
    organization: row.organization,
    usages: row.usages,
    sans: subjectAltNames(row.sans, cluster, host),
    host,
    row,
  };
}
