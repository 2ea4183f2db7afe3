/** The files that others give out to clients of their etcd. */
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkExternalEtcd } from '../../../src/pki/external-etcd.ts';
import { type Authority, issueAuthority, issueLeaf } from '../../../src/pki/issue.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { openssl, request, write } from './support.ts';

const now = new Date('2026-06-01T12:00:00Z');
const folder = temporaryFolder('external-etcd');
const wanted = (usages: readonly ('client' | 'server')[] = ['client'], commonName = 'kubernetes') => ({
  commonName,
  organization: undefined,
  usages,
  sans: { dns: [], ip: [] },
});

let authority: Authority;
let other: Authority;
let good: { caFile: string; certFile: string; keyFile: string };
const issue = (by: Authority, from = now, days = 365, ...rest: Parameters<typeof wanted>) =>
  issueLeaf(by, wanted(...rest), request({ certValidityDays: days }), from);
const check = (changes: Partial<typeof good> = {}, at = now) =>
  checkExternalEtcd({ ...good, ...changes }, 30, at);
const heads = (changes: Partial<typeof good>, at = now) =>
  check(changes, at).findings.map(({ file, severity, code }) => `${severity} ${file} ${code}`);

beforeAll(async () => {
  authority = await issueAuthority('etcd-ca', request(), now);
  other = await issueAuthority('etcd-ca', request(), now);
  const pair = await issue(authority);
  good = {
    caFile: authority.pair.certificatePem,
    certFile: pair.certificatePem,
    keyFile: pair.privateKeyPem,
  };
});

describe('what is good', () => {
  test('is taken as it is', () => {
    const { findings, etcd, certificates } = check();
    expect(findings).toEqual([]);
    expect(etcd).toEqual({
      authorityPem: good.caFile,
      certificatePem: good.certFile,
      privateKeyPem: good.keyFile,
    });
    expect(certificates?.client.notAfter).toEqual(new Date('2027-06-01T12:00:00Z'));
  });

  test('is taken without what else stands in the files', () => {
    const noise = 'Subject: CN=x\npassword: secret\n';
    const { etcd } = check({
      caFile: `${noise}${other.pair.certificatePem}${noise}${good.caFile.replaceAll('\n', '\r\n')}`,
      certFile: `${noise}${good.certFile}`,
      keyFile: `${noise}${good.certFile}${good.keyFile}`,
    });
    expect(etcd).toEqual({
      authorityPem: `${other.pair.certificatePem}${good.caFile}`,
      certificatePem: good.certFile,
      privateKeyPem: good.keyFile,
    });
  });

  test('may be of another kind: OpenSSL, RSA, EC in the old form, a chain, no usages', () => {
    write(
      folder,
      'v3.cnf',
      '[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n[client]\nbasicConstraints=CA:FALSE\n',
    );
    openssl(
      folder,
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'root.key',
      '-out',
      'root.crt',
      '-subj',
      '/CN=root',
      '-days',
      '3650',
      '-addext',
      'keyUsage=keyCertSign',
    );
    openssl(
      folder,
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'mid.key',
      '-out',
      'mid.csr',
      '-subj',
      '/CN=between',
    );
    openssl(
      folder,
      'x509',
      '-req',
      '-in',
      'mid.csr',
      '-CA',
      'root.crt',
      '-CAkey',
      'root.key',
      '-CAcreateserial',
      '-out',
      'mid.crt',
      '-days',
      '365',
      '-extfile',
      'v3.cnf',
      '-extensions',
      'ca',
    );
    openssl(folder, 'ecparam', '-name', 'prime256v1', '-genkey', '-out', 'client.key');
    openssl(folder, 'req', '-new', '-key', 'client.key', '-out', 'client.csr', '-subj', '/O=team/CN=client');
    openssl(
      folder,
      'x509',
      '-req',
      '-in',
      'client.csr',
      '-CA',
      'mid.crt',
      '-CAkey',
      'mid.key',
      '-CAcreateserial',
      '-out',
      'client.crt',
      '-days',
      '365',
      '-extfile',
      'v3.cnf',
      '-extensions',
      'client',
    );
    const read = (name: string) => openssl(folder, 'x509', '-in', name);
    const caFile = read('root.crt');
    const [client, between] = [read('client.crt'), read('mid.crt')];
    const keyFile = openssl(folder, 'ec', '-in', 'client.key');
    expect(keyFile).toContain('BEGIN EC PRIVATE KEY');
    const { findings, etcd } = check({ caFile, certFile: client + between, keyFile }, new Date());
    expect(findings).toEqual([]);
    expect(etcd?.certificatePem).toBe(client + between);
    expect(etcd?.privateKeyPem).toContain('BEGIN PRIVATE KEY');
    expect(check({ caFile, certFile: client, keyFile }, new Date()).findings).toMatchObject([
      { file: 'certFile', message: expect.stringContaining('CN=between') },
    ]);
  });
});

describe('what is not', () => {
  test.each([
    ['caFile', 'invalid-pem'],
    ['certFile', 'invalid-pem'],
    ['keyFile', 'invalid-pem'],
  ])('an empty %s', (file, code) => {
    expect(heads({ [file]: '' })).toEqual([`error ${file} ${code}`]);
  });

  test('all at once', () => {
    expect(heads({ caFile: 'x', certFile: 'y', keyFile: 'z' })).toEqual([
      'error caFile invalid-pem',
      'error certFile invalid-pem',
      'error keyFile invalid-pem',
    ]);
  });

  test('a block that is no certificate', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const { findings } = check({ caFile: good.caFile + broken });
    expect(findings).toMatchObject([{ file: 'caFile', code: 'invalid-pem' }]);
    expect(findings[0]?.message).toContain('number 2');
  });

  test.each(['caFile', 'certFile'] as const)('a key in %s, which all may read on the hosts', (file) => {
    const { findings, etcd } = check({ [file]: good[file] + good.keyFile });
    expect(findings).toMatchObject([{ file, code: 'certificate-refused' }]);
    expect(etcd).toBeUndefined();
    expect(JSON.stringify(findings)).not.toContain(good.keyFile.split('\n')[1]);
  });

  test('more certificates than a chain has', () => {
    expect(heads({ caFile: good.caFile.repeat(21) })).toEqual(['error caFile certificate-refused']);
  });

  test('the key of another certificate', async () => {
    expect(heads({ keyFile: (await issue(authority)).privateKeyPem })).toEqual([
      'error keyFile key-mismatch',
    ]);
  });

  test('a key with a passphrase', () => {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    });
    const { findings } = check({ keyFile: privateKey });
    expect(findings).toMatchObject([{ code: 'invalid-pem', fix: expect.stringContaining('openssl pkey') }]);
  });

  test('a kind of key that TLS does not use', () => {
    const { privateKey } = generateKeyPairSync('x25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    expect(heads({ keyFile: privateKey })[0]).toBe('error keyFile certificate-refused');
  });

  test('an authority that did not sign, also with the same name', async () => {
    expect(heads({ caFile: other.pair.certificatePem })).toEqual(['error certFile certificate-refused']);
  });

  test('a certificate that is no authority', () => {
    expect(heads({ caFile: good.certFile })).toEqual([
      'error caFile certificate-refused',
      'error certFile certificate-refused',
    ]);
  });

  test('a server', async () => {
    const pair = await issue(authority, now, 365, ['server']);
    expect(heads({ certFile: pair.certificatePem, keyFile: pair.privateKeyPem })).toEqual([
      'error certFile certificate-refused',
    ]);
  });

  test('a certificate whose time is over, or not yet there, or nearly over', async () => {
    const pair = await issue(authority, now, 100);
    const files = { certFile: pair.certificatePem, keyFile: pair.privateKeyPem };
    expect(heads(files, new Date('2026-10-01T00:00:00Z'))).toEqual(['error certFile certificate-expired']);
    expect(heads(files, new Date('2026-05-01T00:00:00Z'))).toEqual([
      'error certFile certificate-expired',
      'error caFile certificate-expired',
    ]);
    const soon = new Date('2026-08-20T00:00:00Z');
    expect(heads(files, soon)).toEqual(['warning certFile certificate-expired']);
    expect(check(files, soon).etcd).toBeDefined();
  });

  test('an authority whose time is over; a new one beside it is enough', async () => {
    const late = new Date('2037-06-01T00:00:00Z');
    expect(heads({}, late)).toEqual([
      'error certFile certificate-expired',
      'error caFile certificate-expired',
    ]);
  });
});
