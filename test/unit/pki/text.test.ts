import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DerError } from '../../../src/pki/der.ts';
import { issueAuthority, issueLeaf } from '../../../src/pki/issue.ts';
import { certificateText, pairText, publicKeySha256 } from '../../../src/pki/text.ts';
import { apiserver, filesOf, now, openssl, request, requestOf, temporaryFolder } from './support.ts';

describe('the text of a certificate', () => {
  test('says everything, in a fixed form', async () => {
    const authority = await issueAuthority('kubernetes-ca', request(), now);
    const { certificatePem } = await issueLeaf(authority, apiserver, request({ subject: { C: 'DE' } }), now);
    const node = new X509Certificate(certificatePem);
    const id = (text: string | undefined) => expect.stringContaining(text ?? '');
    const lines = certificateText(certificatePem).split('\n');
    expect(lines).toEqual([
      'subject: C=DE, CN=kube-apiserver',
      'issuer: CN=kubernetes-ca',
      `serial: ${node.serialNumber.toLowerCase().replace(/..(?=.)/g, '$&:')}`,
      'not before: 2026-11-20T11:00:00Z',
      'not after: 2027-11-20T12:00:00Z',
      'key: ecdsa-p256 (256 bits)',
      `key sha256: ${createHash('sha256')
        .update(node.publicKey.export({ type: 'spki', format: 'der' }))
        .digest('hex')}`,
      'authority: no',
      'key usages: digitalSignature',
      'usages: server',
      'dns names: master01, kubernetes',
      'addresses: 10.0.0.1, fd00::1',
      id('key id: '),
      id('issuer key id: '),
      `sha256: ${node.fingerprint256.replaceAll(':', '').toLowerCase()}`,
      '',
    ]);
    expect(certificateText(certificatePem)).toBe(certificateText(certificatePem));
  });

  test('of several certificates stands one after the other; of none it is empty', async () => {
    const { pair } = await issueAuthority('kubernetes-ca', request(), now);
    const one = certificateText(pair.certificatePem);
    expect(one).toContain('authority: yes\n');
    expect(certificateText(pair.certificatePem.repeat(2))).toBe(`${one}\n${one}`);
    expect(certificateText('nothing')).toBe('');
  });

  test('of certificates of others has what they have, and no control characters', () => {
    const folder = temporaryFolder();
    const make = (...more: readonly string[]) => {
      openssl(
        folder,
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'a.key',
        '-out',
        'a.crt',
        '-subj',
        '/CN=a',
        '-days',
        '2',
        ...more,
      );
      return certificateText(filesOf(folder).get('a.crt') ?? '');
    };
    const text = make(
      '-addext',
      'basicConstraints=critical,CA:TRUE,pathlen:3',
      '-addext',
      'subjectAltName=DNS:a\u0007b,email:a@b',
    );
    expect(text).toContain('authority: yes, path length 3\n');
    expect(text).toContain('key: rsa-2048 (2048 bits)\n');
    expect(text).toContain('dns names: a?b\n');
    expect(text).toContain('other names: 1\n');
    expect(text).not.toContain('key usages');
  });

  test('of a certificate of version 1 has no extensions', () => {
    const folder = temporaryFolder();
    requestOf(folder);
    openssl(folder, 'x509', '-req', '-in', 'a.csr', '-signkey', 'a.key', '-out', 'a.crt', '-days', '2');
    const text = certificateText(filesOf(folder).get('a.crt') ?? '');
    expect(text).toContain('subject: CN=a\n');
    expect(text).toContain('authority: no\n');
    expect(text).not.toContain('key id');
  });

  test('of a broken certificate is an error', () => {
    expect(() => certificateText('-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n')).toThrow(
      DerError,
    );
  });
});

test.each<[string, readonly string[]]>([
  ['EC', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
  ['RSA', ['genpkey', '-algorithm', 'RSA']],
])('the hash of a public key is the one that openssl makes: %s', (_, [command = '', ...args]) => {
  const folder = temporaryFolder();
  openssl(folder, command, '-out', 'a.key', ...args);
  openssl(folder, 'pkey', '-in', 'a.key', '-pubout', '-out', 'a.pub');
  openssl(folder, 'pkey', '-in', 'a.key', '-pubout', '-outform', 'DER', '-out', 'a.der');
  openssl(folder, 'req', '-x509', '-new', '-key', 'a.key', '-subj', '/CN=a', '-days', '9', '-out', 'a.crt');
  const read = (name: string) => readFileSync(join(folder, name));
  const expected = createHash('sha256').update(read('a.der')).digest('hex');
  expect(publicKeySha256(read('a.pub').toString())).toBe(expected);
  const pair = pairText(read('a.crt').toString());
  expect(pair.publicKeySha256).toBe(expected);
  expect(pair.certificate).toBe(certificateText(read('a.crt').toString()));
});

test('what is no key and no certificate is an error', () => {
  expect(() => publicKeySha256('nothing')).toThrow();
  expect(() => pairText('nothing')).toThrow(DerError);
});
