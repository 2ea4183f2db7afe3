/** Authorities and certificates by OpenSSL, as tools and guides make them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export interface Wanted {
  readonly subject: string;
  readonly days: number;
  /** In the syntax of openssl's configuration: `DNS:a,IP:192.0.2.1`. */
  readonly sans?: string;
  readonly usages?: string;
  readonly isAuthority?: boolean;
  readonly rsaBits?: number;
  readonly digest?: string;
  /** Without one a new key is made. */
  readonly key?: string;
}

const folder = mkdtempSync(join(tmpdir(), 'hardway-openssl-'));
let count = 0;

function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { stdio: 'pipe', encoding: 'utf8' });
}

/** A private key. */
export function newKey(rsaBits?: number): string {
  const options =
    rsaBits === undefined
      ? ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
      : ['RSA', '-pkeyopt', `rsa_keygen_bits:${rsaBits}`];
  return openssl('genpkey', '-algorithm', ...options);
}

/** The public half of a private key. */
export function publicHalf(key: string): string {
  const file = join(folder, `public-${count++}`);
  writeFileSync(file, key);
  return openssl('pkey', '-in', file, '-pubout');
}

/** A certificate, signed by an authority or by itself. */
export function issue(wanted: Wanted, authority?: Pair): Pair {
  const here = join(folder, String(count++));
  mkdirSync(here);
  const at = (name: string) => join(here, name);
  const { subject, days, sans, usages, isAuthority = false, rsaBits, digest = 'sha256' } = wanted;
  const key = wanted.key ?? newKey(rsaBits);
  writeFileSync(at('key'), key);
  const extensions = [
    `basicConstraints=critical,CA:${isAuthority ? 'TRUE' : 'FALSE'}`,
    `keyUsage=critical,${isAuthority ? 'keyCertSign,cRLSign' : 'digitalSignature,keyEncipherment'}`,
    ...(sans === undefined ? [] : [`subjectAltName=${sans}`]),
    ...(usages === undefined ? [] : [`extendedKeyUsage=${usages}`]),
  ];
  writeFileSync(at('extensions'), `${extensions.join('\n')}\n`);
  openssl('req', '-new', '-key', at('key'), '-subj', subject, '-out', at('csr'));
  if (authority !== undefined) {
    writeFileSync(at('ca.crt'), authority.certificate);
    writeFileSync(at('ca.key'), authority.key);
  }
  const signer =
    authority === undefined ? ['-signkey', at('key')] : ['-CA', at('ca.crt'), '-CAkey', at('ca.key')];
  openssl(
    ...[
      'x509',
      '-req',
      '-in',
      at('csr'),
      ...signer,
      '-set_serial',
      String(1000 + count),
      '-days',
      String(days),
    ],
    ...[`-${digest}`, '-extfile', at('extensions'), '-out', at('crt')],
  );
  return { certificate: readFileSync(at('crt'), 'utf8'), key };
}

/** Usages as openssl calls them. */
export const server = 'serverAuth';
export const client = 'clientAuth';
export const both = 'serverAuth,clientAuth';

/** A kubeconfig with everything inside. */
export function kubeconfig(
  server: string,
  authority: string,
  user: string,
  credential: Pair | string,
): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const fields =
    typeof credential === 'string'
      ? [`    token: ${credential}`]
      : [
          `    client-certificate-data: ${base64(credential.certificate)}`,
          `    client-key-data: ${base64(credential.key)}`,
        ];
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- name: kubernetes',
    '  cluster:',
    `    certificate-authority-data: ${base64(authority)}`,
    `    server: ${server}`,
    'contexts:',
    '- name: default',
    `  context: { cluster: kubernetes, user: "${user}" }`,
    'current-context: default',
    'users:',
    `- name: "${user}"`,
    '  user:',
    ...fields,
    '',
  ].join('\n');
}
