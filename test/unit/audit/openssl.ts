/** Certificates that hardway itself would never make, by OpenSSL. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from '../../../src/model/certificate.ts';

export interface Wanted {
  readonly days?: number;
  readonly rsaBits?: number;
  readonly digest?: 'sha1' | 'sha256';
  /** In the syntax of openssl's configuration: `DNS:a,IP:192.0.2.1`. */
  readonly sans?: string;
  readonly usages?: string;
  readonly isAuthority?: boolean;
}

/** A certificate of an authority, with a key of its own. */
export function strangeCertificate(folder: string, authority: KeyPair, wanted: Wanted): string {
  const {
    days = 30,
    rsaBits,
    digest = 'sha256',
    sans = 'DNS:strange.example',
    usages,
    isAuthority = false,
  } = wanted;
  const at = (name: string) => join(folder, name);
  writeFileSync(at('ca.crt'), authority.certificatePem);
  writeFileSync(at('ca.key'), authority.privateKeyPem);
  const extensions = [
    `subjectAltName=${sans}`,
    `basicConstraints=CA:${isAuthority ? 'TRUE' : 'FALSE'}`,
    ...(usages === undefined ? [] : [`extendedKeyUsage=${usages}`]),
  ];
  writeFileSync(at('extensions'), `${extensions.join('\n')}\n`);
  const key = rsaBits === undefined ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : [`rsa:${rsaBits}`];
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  openssl(
    'req',
    '-new',
    '-newkey',
    ...key,
    '-nodes',
    '-subj',
    '/CN=strange',
    '-keyout',
    at('key'),
    '-out',
    at('csr'),
  );
  openssl(
    ...['x509', '-req', '-in', at('csr'), '-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-set_serial', '7'],
    ...['-days', String(days), `-${digest}`, '-extfile', at('extensions'), '-out', at('crt')],
  );
  return readFileSync(at('crt'), 'utf8');
}
