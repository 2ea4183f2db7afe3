/** Authorities that others have made, put into a store under kubeadm's file names. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/pki/store.ts';
import {
  admin,
  filesOf,
  newStore,
  openssl,
  opensslAccepts,
  refusal,
  request,
  write,
} from '../unit/pki/support.ts';

/** A little ahead: openssl makes authorities that start when it is called. */
const now = new Date(Date.now() + 60_000);
const certificates = [admin];

/** A new folder in which openssl has made an authority as ca.crt and ca.key. */
function authorityBy(key: readonly string[], ...more: readonly string[]): string {
  const dir = newStore();
  mkdirSync(dir);
  const [command = '', ...options] = key;
  openssl(dir, command, '-out', 'ca.key', ...options);
  const subject = more.includes('-subj') ? [] : ['-subj', '/CN=kubernetes'];
  openssl(
    dir,
    'req',
    '-x509',
    '-new',
    '-key',
    'ca.key',
    ...subject,
    '-days',
    '3650',
    '-out',
    'ca.crt',
    ...more,
  );
  return dir;
}

/** Strict verification wants it. */
const keyUsage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
const rsa = ['genrsa', '-traditional', '2048'];
const sec1 = ['ecparam', '-name', 'prime256v1', '-genkey', '-noout'];

describe('an authority of', () => {
  test.each<[string, readonly string[], string]>([
    ['RSA in PKCS #1', rsa, '-----BEGIN RSA PRIVATE KEY-----'],
    [
      'RSA in PKCS #8',
      ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
      '-----BEGIN PRIVATE KEY-----',
    ],
    ['EC in SEC 1', sec1, '-----BEGIN EC PRIVATE KEY-----'],
    [
      'EC in SEC 1 with parameters',
      ['ecparam', '-name', 'prime256v1', '-genkey'],
      '-----BEGIN EC PARAMETERS-----',
    ],
    ['EC on P-384', ['ecparam', '-name', 'secp384r1', '-genkey', '-noout'], '-----BEGIN EC PRIVATE KEY-----'],
    ['EC on P-521', ['ecparam', '-name', 'secp521r1', '-genkey', '-noout'], '-----BEGIN EC PRIVATE KEY-----'],
    ['EC with a compressed point', [...sec1, '-conv_form', 'compressed'], '-----BEGIN EC PRIVATE KEY-----'],
  ])('%s signs as it is', async (_, key, firstLine) => {
    const dir = authorityBy(key, ...keyUsage);
    const before = filesOf(dir);
    expect(before.get('ca.key')?.startsWith(firstLine)).toBe(true);
    const { pki } = await openStore(dir, request({ certificates }), { now });
    expect(pki.authorities['kubernetes-ca'].privateKeyPem).toBe(before.get('ca.key'));
    for (const [path, content] of before) expect(filesOf(dir).get(path)).toBe(content);
    expect(
      opensslAccepts(
        dir,
        'verify',
        '-x509_strict',
        '-purpose',
        'sslclient',
        '-CAfile',
        'ca.crt',
        'operator/admin.crt',
      ),
    ).toBe(true);
    expect((await openStore(dir, request({ certificates }), { now })).changes).toEqual([]);
  });

  test('no key identifier signs as it is', async () => {
    const dir = authorityBy(
      rsa,
      '-addext',
      'subjectKeyIdentifier=none',
      '-addext',
      'authorityKeyIdentifier=none',
    );
    await openStore(dir, request({ certificates }), { now });
    expect(
      opensslAccepts(dir, 'verify', '-purpose', 'sslclient', '-CAfile', 'ca.crt', 'operator/admin.crt'),
    ).toBe(true);
  });

  test('another string type in its name is named byte for byte', async () => {
    const dir = authorityBy(
      rsa,
      ...keyUsage,
      '-subj',
      '/O=Müller/CN=kubernetes',
      '-utf8',
      '-nameopt',
      'utf8',
    );
    await openStore(dir, request({ certificates }), { now });
    expect(opensslAccepts(dir, 'verify', '-x509_strict', '-CAfile', 'ca.crt', 'operator/admin.crt')).toBe(
      true,
    );
  });

  test('an authority above it, both in one file', async () => {
    const dir = authorityBy(rsa, ...keyUsage);
    openssl(
      dir,
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca2.key',
      '-out',
      'ca2.csr',
      '-subj',
      '/CN=below',
    );
    write(
      dir,
      'ext',
      'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
    );
    openssl(
      dir,
      'x509',
      '-req',
      '-in',
      'ca2.csr',
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '100',
      '-extfile',
      'ext',
      '-out',
      'ca2.crt',
    );
    const files = filesOf(dir);
    const store = newStore();
    write(store, 'ca.crt', `${files.get('ca2.crt')}${files.get('ca.crt')}`);
    write(store, 'ca.key', files.get('ca2.key') ?? '');
    await openStore(store, request({ certificates }), { now });
    expect(
      opensslAccepts(
        store,
        'verify',
        '-x509_strict',
        '-purpose',
        'sslclient',
        '-CAfile',
        'ca.crt',
        'operator/admin.crt',
      ),
    ).toBe(true);
    // The other way round the key is not that of the first certificate.
    const wrong = newStore();
    write(wrong, 'ca.crt', `${files.get('ca.crt')}${files.get('ca2.crt')}`);
    write(wrong, 'ca.key', files.get('ca2.key') ?? '');
    expect((await refusal(openStore(wrong, request({ certificates }), { now }))).kind).toBe('key-mismatch');
  });
});

describe('not accepted as an authority', () => {
  test.each<[string, readonly string[], readonly string[], string]>([
    ['a leaf', rsa, ['-addext', 'basicConstraints=critical,CA:FALSE'], 'not-an-authority'],
    ['one that must not sign', rsa, ['-addext', 'keyUsage=critical,digitalSignature'], 'not-an-authority'],
    ['RSA of 1024 bits', ['genrsa', '1024'], [], 'weak-authority'],
    ['Ed25519', ['genpkey', '-algorithm', 'ed25519'], [], 'weak-authority'],
    ['another curve', ['ecparam', '-name', 'secp256k1', '-genkey', '-noout'], [], 'weak-authority'],
  ])('%s', async (_, key, more, kind) => {
    const dir = authorityBy(key, ...more);
    expect((await refusal(openStore(dir, request({ certificates }), { now }))).kind).toBe(kind);
  });
});

test('an expired authority is used again after the way out that its refusal names', async () => {
  const dir = newStore();
  await openStore(dir, request({ certificates, caValidityDays: 1 }), {
    now: new Date(now.getTime() - 5 * 86_400_000),
  });
  const error = await refusal(openStore(dir, request({ certificates }), { now }));
  expect([error.kind, error.fix]).toEqual([
    'authority-expired',
    expect.stringContaining('openssl x509 -in OLD -signkey KEY'),
  ]);
  for (const stem of ['ca', 'etcd/ca', 'front-proxy-ca']) {
    openssl(
      dir,
      'x509',
      '-in',
      `${stem}.crt`,
      '-signkey',
      `${stem}.key`,
      '-days',
      '3650',
      '-out',
      `${stem}.new`,
    );
    write(dir, `${stem}.crt`, filesOf(dir).get(`${stem}.new`) ?? '');
  }
  const { changes } = await openStore(dir, request({ certificates }), { now });
  expect(changes.map(({ what, action }) => `${action} ${what}`)).toEqual(['reissued operator/admin']);
  expect(
    opensslAccepts(join(dir), 'verify', '-purpose', 'sslclient', '-CAfile', 'ca.crt', 'operator/admin.crt'),
  ).toBe(true);
});
