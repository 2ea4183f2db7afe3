/**
 * The files that the keepers of an etcd cluster give to its clients, judged as the API
 * server will: authorities, a client certificate that one of them has signed, its key.
 * What comes out holds the certificates and the key of these files, and nothing else in them.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { DiagnosticCode } from '../diagnostics/codes.ts';
import type { ExternalEtcd } from '../model/certificate.ts';
import { type Certificate, daysLeft, decodeCertificate } from './certificate.ts';
import { formatName } from './names.ts';
import { isEncrypted, tryTo } from './pair.ts';
import { isSignedBy, verifyingKey } from './signature.ts';
import { pemOf } from './x509.ts';

/** Keys of the inventory below etcd.external. */
export type ExternalFile = 'caFile' | 'certFile' | 'keyFile';

export interface ExternalFinding {
  readonly file: ExternalFile;
  readonly severity: 'error' | 'warning';
  readonly code: DiagnosticCode;
  /** Follows the name of the file; holds nothing of a key. */
  readonly message: string;
  readonly fix: string;
}

export interface CheckedExternalEtcd {
  readonly findings: readonly ExternalFinding[];
  /** Undefined when a finding is an error. */
  readonly etcd: ExternalEtcd | undefined;
  /** The authority that the client's certificate leads to, and that certificate. */
  readonly certificates: { readonly authority: Certificate; readonly client: Certificate } | undefined;
}

const mostCertificates = 20;
const anyUsage = '2.5.29.37.0';
const keyTypes = ['rsa', 'ec', 'ed25519'];

/** Judges the texts of the three files. */
export function checkExternalEtcd(
  texts: Readonly<Record<ExternalFile, string>>,
  renewBeforeDays: number,
  now: Date,
): CheckedExternalEtcd {
  const findings: ExternalFinding[] = [];
  const refuse: Refuse = (file, code, message, fix) => {
    findings.push({ file, severity: 'error', code, message, fix });
    return undefined;
  };
  const authorities = readCertificates('caFile', texts.caFile, refuse);
  const chain = readCertificates('certFile', texts.certFile, refuse);
  const key = readKey(texts.keyFile, refuse);
  const [client, ...intermediates] = chain ?? [];
  if (authorities !== undefined) checkAuthorities(authorities, refuse);
  if (client !== undefined) {
    checkClient(client, now, refuse);
    if (key !== undefined) checkKey(client, key, refuse);
  }
  const authority =
    client === undefined || authorities === undefined
      ? undefined
      : signer(client, intermediates, authorities, now, refuse);
  const isWhole = client !== undefined && authority !== undefined && key !== undefined;
  if (findings.length > 0 || !isWhole || authorities === undefined)
    return { findings, etcd: undefined, certificates: undefined };
  return {
    findings: [
      ...endsSoon('caFile', authority, renewBeforeDays, now),
      ...endsSoon('certFile', client, renewBeforeDays, now),
    ],
    etcd: {
      authorityPem: pemText(authorities),
      certificatePem: pemText([client, ...intermediates]),
      privateKeyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
    certificates: { authority, client },
  };
}

type Refuse = (file: ExternalFile, code: DiagnosticCode, message: string, fix: string) => undefined;

const block = /-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/g;

function readCertificates(file: 'caFile' | 'certFile', text: string, refuse: Refuse) {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    const fix = 'take the key out of this file; the key of the client belongs into keyFile';
    return refuse(
      file,
      'certificate-refused',
      'holds a private key, and everybody may read this file on the hosts',
      fix,
    );
  }
  const found = [...text.matchAll(block)].map(([, base64 = '']) => Buffer.from(base64, 'base64'));
  const certificates = found.map((der) => tryTo(() => decodeCertificate(der)));
  if (found.length === 0)
    return refuse(file, 'invalid-pem', 'holds no certificate in PEM', convertFix('x509'));
  if (found.length > mostCertificates) {
    const fix = 'keep those that etcd needs';
    return refuse(
      file,
      'certificate-refused',
      `holds ${found.length} certificates, more than ${mostCertificates}`,
      fix,
    );
  }
  const good = certificates.filter((one) => one !== undefined);
  if (good.length === found.length) return good;
  const number = certificates.indexOf(undefined) + 1;
  return refuse(
    file,
    'invalid-pem',
    `holds a certificate that cannot be read, number ${number} in it`,
    'ask those who keep etcd for the file again',
  );
}

function readKey(text: string, refuse: Refuse): KeyObject | undefined {
  if (isEncrypted(text)) {
    const fix = 'decrypt it: openssl pkey -in FILE -out FILE.new, and name FILE.new';
    return refuse('keyFile', 'invalid-pem', 'is encrypted; the API server cannot ask for a passphrase', fix);
  }
  const key = tryTo(() => createPrivateKey(text));
  if (key === undefined)
    return refuse('keyFile', 'invalid-pem', 'holds no private key in PEM', convertFix('pkey'));
  if (keyTypes.includes(key.asymmetricKeyType ?? '')) return key;
  return refuse(
    'keyFile',
    'certificate-refused',
    `holds a key of the type ${key.asymmetricKeyType}`,
    'use an RSA, EC or Ed25519 key',
  );
}

function convertFix(command: string): string {
  return `convert it if it is in DER: openssl ${command} -inform DER -in FILE -out FILE.pem`;
}

function checkAuthorities(authorities: readonly Certificate[], refuse: Refuse): void {
  for (const one of authorities) {
    const maySign = one.keyUsages === undefined || one.keyUsages.includes('keyCertSign');
    if (one.isAuthority && maySign) continue;
    const message = `holds ${nameOf(one)}, which is no authority`;
    refuse(
      'caFile',
      'certificate-refused',
      message,
      'name the certificate of the authority that signs for etcd',
    );
  }
}

function checkClient(client: Certificate, now: Date, refuse: Refuse): void {
  const { usages } = client;
  if (usages.length > 0 && !usages.includes('client') && !usages.includes(anyUsage)) {
    const fix = 'ask those who keep etcd for a client certificate (extendedKeyUsage clientAuth)';
    refuse('certFile', 'certificate-refused', `is for ${usages.join(', ')}, not for clients`, fix);
  }
  const outside = outsideOf(client, now);
  if (outside !== undefined) refuse('certFile', 'certificate-expired', outside.message, outside.fix);
}

function checkKey(client: Certificate, key: KeyObject, refuse: Refuse): void {
  if (tryTo(() => new X509Certificate(client.der).checkPrivateKey(key)) === true) return;
  refuse(
    'keyFile',
    'key-mismatch',
    `does not belong to the certificate of ${nameOf(client)}`,
    'name the key that was made for the certificate in certFile',
  );
}

/** The authority that a client's certificate leads to, when it is valid now. */
function signer(
  client: Certificate,
  intermediates: readonly Certificate[],
  authorities: readonly Certificate[],
  now: Date,
  refuse: Refuse,
): Certificate | undefined {
  const signers = signersOf(client, intermediates, authorities);
  const [first] = signers;
  if (first === undefined) {
    const message = `is signed by ${formatName(client.issuer) || 'nobody'}, and no authority in caFile leads there`;
    return refuse(
      'certFile',
      'certificate-refused',
      message,
      'put the authority that signed it into caFile too, and what stands between them into certFile',
    );
  }
  const valid = signers.find((one) => outsideOf(one, now) === undefined);
  if (valid !== undefined) return valid;
  const { message = '', fix = '' } = outsideOf(first, now) ?? {};
  return refuse('caFile', 'certificate-expired', `holds ${nameOf(first)}, which ${message}`, fix);
}

function signersOf(
  certificate: Certificate,
  intermediates: readonly Certificate[],
  authorities: readonly Certificate[],
): Certificate[] {
  const direct = authorities.filter((one) => hasSigned(one, certificate));
  if (direct.length > 0) return direct;
  return intermediates.flatMap((one, index) =>
    one.isAuthority && hasSigned(one, certificate)
      ? signersOf(one, intermediates.slice(index + 1), authorities)
      : [],
  );
}

function hasSigned(authority: Certificate, certificate: Certificate): boolean {
  return (
    authority.subjectDer.equals(certificate.issuerDer) &&
    tryTo(() => isSignedBy(certificate, verifyingKey(authority.publicKeyDer))) === true
  );
}

function outsideOf({ notBefore, notAfter }: Certificate, now: Date) {
  if (notBefore > now) {
    const message = `is valid from ${notBefore.toISOString()}; this machine's clock says ${now.toISOString()}`;
    return { message, fix: 'set the clock of this machine' };
  }
  if (notAfter > now) return undefined;
  return { message: `expired on ${day(notAfter)}`, fix: 'ask those who keep etcd for a new one' };
}

function* endsSoon(
  file: ExternalFile,
  { notAfter }: Certificate,
  renewBeforeDays: number,
  now: Date,
): Iterable<ExternalFinding> {
  const days = daysLeft(notAfter, now);
  if (days > renewBeforeDays) return;
  yield {
    file,
    severity: 'warning',
    code: 'certificate-expired',
    message: `expires in ${days} days (${day(notAfter)})`,
    fix: 'ask those who keep etcd for a new one',
  };
}

function pemText(certificates: readonly Certificate[]): string {
  return certificates.map(({ der }) => pemOf('CERTIFICATE', der)).join('');
}

function nameOf({ subject }: Certificate): string {
  return formatName(subject) || 'a certificate without a name';
}

function day(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
