/** `hardway certs list` and `certs check`: every certificate of a cluster as the store has it. */

import { kubernetesPki } from '../catalog/paths.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { textTable } from '../lib/table.ts';
import type { Cluster } from '../model/cluster.ts';
import { type Certificate, type CertificateFacts, certificateFacts, daysLeft } from '../pki/certificate.ts';
import { type ListedCertificate, type Listing, readStore } from '../pki/listing.ts';
import { type PlannedCertificate, pkiRequest, plannedCertificates } from '../plan/certificates.ts';
import type { ReadExternalEtcd } from './external-etcd.ts';
import { type InventoryOptions, readInventory } from './inventory.ts';
import { localPath } from './local-path.ts';
import { pkiDirOf } from './pki.ts';

export interface CertsOptions extends InventoryOptions {
  readonly pkiDir: string | undefined;
}

/** One certificate as `--format json` gives it; null where the store has none. */
interface CertificateJson {
  readonly name: string;
  /** The host that holds it; null for authorities and the operator's own. */
  readonly host: string | null;
  /** On the host; null where it lies nowhere but in the store. */
  readonly path: string | null;
  readonly storePath: string;
  readonly state: ListedCertificate['state'];
  readonly reasons: readonly string[];
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly names: readonly string[];
  readonly algorithm: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly daysLeft: number | null;
}

/** Lists every certificate; exit status 0 unless the store cannot be read. */
export async function certsList(options: CertsOptions, io: Io): Promise<ExitStatus> {
  const found = await readListing(options, io);
  if (found === undefined) return exitStatus.wrongInput;
  print(options, io, found.certificates);
  return reportProblems(options, found.listing, io);
}

/** Lists what is missing, refused or due; exit status 1 when there is any. */
export async function certsCheck(options: CertsOptions, io: Io): Promise<ExitStatus> {
  const found = await readListing(options, io);
  if (found === undefined) return exitStatus.wrongInput;
  const bad = found.certificates.filter((one) => one.state !== 'current');
  if (options.format === 'json' || (bad.length > 0 && !options.quiet)) print(options, io, bad);
  else if (!options.quiet) io.stdout(`all ${found.certificates.length} certificates are current\n`);
  const status = reportProblems(options, found.listing, io);
  return status === exitStatus.done && bad.length > 0 ? exitStatus.found : status;
}

async function readListing(options: CertsOptions, io: Io) {
  const read = readInventory(options, io);
  if (read === undefined) return undefined;
  const { cluster, externalEtcd } = read;
  const dir = pkiDirOf(cluster, options.inventory, options.pkiDir);
  const listing = await readStore(dir, pkiRequest(cluster), { now: io.now() });
  const external = externalJson(cluster, options.inventory, externalEtcd, io.now());
  return { listing, certificates: [...certificatesJson(cluster, listing), ...external] };
}

function certificatesJson(cluster: Cluster, listing: Listing): CertificateJson[] {
  const planned = new Map(plannedCertificates(cluster).map((one) => [one.id, one]));
  return listing.certificates.map((one) => certificateJson(one, planned.get(one.what)));
}

function certificateJson(
  listed: ListedCertificate,
  planned: PlannedCertificate | undefined,
): CertificateJson {
  const { facts } = listed;
  return {
    name: listed.what,
    host: planned?.host?.name ?? null,
    path: planned?.host === undefined ? null : pathOnHost(planned),
    storePath: listed.path,
    state: listed.state,
    reasons: listed.reasons,
    ...factsJson(facts),
    daysLeft: listed.daysLeft ?? null,
  };
}

function factsJson(facts: CertificateFacts | undefined) {
  return {
    subject: facts?.subject ?? null,
    issuer: facts?.issuer ?? null,
    names: facts === undefined ? [] : [...facts.sans.dns, ...facts.sans.ip],
    algorithm: facts?.keyAlgorithm ?? null,
    notBefore: facts?.notBefore.toISOString() ?? null,
    notAfter: facts?.notAfter.toISOString() ?? null,
  };
}

/** What others have given us: not of the store, the same on every control plane, and it expires too. */
function externalJson(
  { etcd: { external }, pki }: Cluster,
  inventory: string,
  read: ReadExternalEtcd | undefined,
  now: Date,
): CertificateJson[] {
  if (external === undefined || read?.certificates === undefined) return [];
  const { authority, client } = read.certificates;
  const row = (name: string, path: string, file: string, certificate: Certificate): CertificateJson => {
    const days = daysLeft(certificate.notAfter, now);
    const reasons = days > pki.renewBeforeDays ? [] : [`expires in ${days} days; others have to renew it`];
    return {
      name,
      host: null,
      path,
      storePath: localPath(inventory, file),
      state: reasons.length === 0 ? 'current' : 'due',
      reasons,
      ...factsJson(certificateFacts(certificate)),
      daysLeft: days,
    };
  };
  return [
    row('external-etcd-ca', `${kubernetesPki}/etcd/ca.crt`, external.caFile, authority),
    row('external-etcd-client', `${kubernetesPki}/apiserver-etcd-client.crt`, external.certFile, client),
  ];
}

function pathOnHost({ row }: PlannedCertificate): string {
  return row.delivery.kind === 'files' ? `${row.delivery.path}.crt` : row.delivery.path;
}

function print(options: CertsOptions, io: Io, certificates: readonly CertificateJson[]): void {
  if (options.format === 'json') {
    io.stdout(`${JSON.stringify({ certificates }, null, 2)}\n`);
    return;
  }
  const rows = certificates.map((one) => [
    one.host ?? '-',
    one.path ?? one.name,
    one.subject ?? '-',
    one.names.join(',') || '-',
    one.issuer ?? '-',
    one.algorithm ?? '-',
    one.notAfter?.slice(0, 10) ?? '-',
    one.daysLeft === null ? '-' : String(one.daysLeft),
    [one.state, ...one.reasons].join(': '),
  ]);
  const header = ['HOST', 'CERTIFICATE', 'SUBJECT', 'NAMES', 'ISSUER', 'KEY', 'NOT AFTER', 'DAYS', 'STATE'];
  io.stdout(textTable(header, rows));
}

/** Warnings and problems of the store go to standard error; problems make the input wrong. */
function reportProblems(options: CertsOptions, listing: Listing, io: Io): ExitStatus {
  if (!options.quiet) for (const warning of listing.warnings) io.stderr(`warning: ${warning}\n`);
  for (const { path, message, fix } of listing.problems)
    io.stderr(`hardway: ${path}: ${message}\n  fix: ${fix}\n`);
  return listing.problems.length > 0 ? exitStatus.wrongInput : exitStatus.done;
}
