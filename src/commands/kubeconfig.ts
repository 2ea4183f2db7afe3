/** `hardway kubeconfig`: the administrator's kubeconfig, or one signed for somebody else. */
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { templatesDir } from '../lib/package-root.ts';
import type { KeyPair, Pki } from '../model/certificate.ts';
import type { Cluster } from '../model/cluster.ts';
import { daysLeft, readCertificate } from '../pki/certificate.ts';
import { findFolder } from '../pki/folder.ts';
import { issueLeaf, loadAuthority } from '../pki/issue.ts';
import { openStore } from '../pki/store.ts';
import { operatorCertificateId, pkiRequest } from '../plan/certificates.ts';
import { endpointUrl } from '../plan/endpoints.ts';
import { renderKubeconfig } from '../render/render.ts';
import { loadTemplates } from '../render/template.ts';
import { type InventoryOptions, readCluster } from './inventory.ts';
import { pkiDirOf } from './pki.ts';

export interface KubeconfigOptions extends InventoryOptions {
  readonly pkiDir: string | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly days: number | undefined;
}

const administrator = 'kubernetes-admin';

/** Runs the command. A key made for somebody else is printed and kept nowhere. */
export async function kubeconfig(options: KubeconfigOptions, io: Io): Promise<ExitStatus> {
  const mistake = mistakeOf(options);
  if (mistake !== undefined) {
    io.stderr(`hardway: ${mistake}\n`);
    return exitStatus.wrongInput;
  }
  const cluster = readCluster(options, io);
  if (cluster === undefined) return exitStatus.wrongInput;
  const dir = pkiDirOf(cluster, options.inventory, options.pkiDir);
  if (findFolder(dir)?.isComplete !== true) {
    io.stderr(
      `hardway: ${dir} is not the PKI store of a rendered cluster\n  fix: run hardway render first, or name the store with --pki-dir\n`,
    );
    return exitStatus.wrongInput;
  }
  const { pki, warnings } = await openStore(dir, operatorRequest(cluster), { now: io.now() });
  if (!options.quiet) for (const warning of warnings) io.stderr(`warning: ${warning}\n`);
  const issued =
    options.user === undefined ? undefined : await issueFor(options.user, options, cluster, pki, io.now());
  if (issued?.endsWith !== undefined && !options.quiet) io.stderr(`warning: ${issued.endsWith}\n`);
  const pair = issued?.pair ?? operatorPair(pki);
  const user = options.user ?? administrator;
  const source = { server: endpointUrl(cluster), cluster: cluster.name, user };
  const credential = {
    certificatePem: pair.certificatePem,
    keyData: Buffer.from(pair.privateKeyPem).toString('base64'),
  };
  const authority = pki.authorities['kubernetes-ca'].certificatePem;
  io.stdout(renderKubeconfig(source, authority, credential, loadTemplates(templatesDir)));
  return exitStatus.done;
}

function mistakeOf({ user, group, days }: KubeconfigOptions): string | undefined {
  if (user === undefined && (group !== undefined || days !== undefined)) {
    return '--group and --days want --user\n  fix: name the user with --user NAME';
  }
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= 36500)) {
    return '--days wants a whole number from 1 to 36500';
  }
  const odd = [user, group].find((name) => name !== undefined && !/^[^\p{C}\s]{1,64}$/u.test(name));
  if (odd !== undefined)
    return 'a user or a group is 1 to 64 printable characters without blanks (RFC 5280, upper bounds)';
  if (user?.startsWith('system:')) {
    return `users that begin with "system:" are Kubernetes' own\n  fix: choose another name; groups may be given with --group`;
  }
  return undefined;
}

/** Only the operator's own certificate: printing a kubeconfig must not re-issue those of hosts. */
function operatorRequest(cluster: Cluster) {
  const request = pkiRequest(cluster);
  return { ...request, certificates: request.certificates.filter(({ id }) => id === operatorCertificateId) };
}

function operatorPair(pki: Pki): KeyPair {
  const pair = pki.certificates.get(operatorCertificateId);
  if (pair === undefined) throw new Error('the PKI store gave no certificate for the operator');
  return pair;
}

/** A pair for somebody else, and what there is to say when its authority ends before it would. */
async function issueFor(
  user: string,
  options: KubeconfigOptions,
  cluster: Cluster,
  pki: Pki,
  now: Date,
): Promise<{ readonly pair: KeyPair; readonly endsWith: string | undefined }> {
  const pair = pki.authorities['kubernetes-ca'];
  const authority = loadAuthority('kubernetes-ca', pair, readCertificate(pair.certificatePem));
  const { pki: settings } = cluster;
  const wanted = {
    commonName: user,
    organization: options.group,
    usages: ['client'],
    sans: { dns: [], ip: [] },
  } as const;
  const certValidityDays = options.days ?? settings.certValidityDays;
  const { notAfter } = authority.certificate;
  const isCut = options.days !== undefined && daysLeft(notAfter, now) < options.days;
  return {
    pair: await issueLeaf(authority, wanted, { ...settings, certValidityDays }, now),
    endsWith: isCut
      ? `the certificate ends with its authority, on ${notAfter.toISOString().slice(0, 10)}, before --days ${options.days} are over`
      : undefined,
  };
}
