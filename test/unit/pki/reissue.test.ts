import { describe, expect, test } from 'vitest';
import type { PkiRequest, WantedCertificate } from '../../../src/model/certificate.ts';
import { readCertificate } from '../../../src/pki/certificate.ts';
import { issueLeaf, loadAuthority } from '../../../src/pki/issue.ts';
import { keyMatchesCertificate, publicKeyDerOf } from '../../../src/pki/keys.ts';
import { openStore } from '../../../src/pki/store.ts';
import {
  admin,
  apiserver,
  etcdServer,
  filesOf,
  later,
  newStore,
  now,
  openssl,
  request,
  requestOf,
  temporaryFolder,
  wanted,
  write,
} from './support.ts';

/** What a second opening changes, the files that changed, and that the new pairs match. */
async function reopened(
  changes: Partial<PkiRequest>,
  options: Partial<Parameters<typeof openStore>[2]> = {},
) {
  const dir = newStore();
  await openStore(dir, request(), { now });
  const before = filesOf(dir);
  const opened = await openStore(dir, request(changes), { now, ...options });
  const after = filesOf(dir);
  for (const { certificatePem, privateKeyPem } of opened.pki.certificates.values()) {
    const { der, publicKeyDer } = readCertificate(certificatePem);
    const own = publicKeyDerOf(privateKeyPem);
    expect(keyMatchesCertificate(privateKeyPem, own, der, publicKeyDer)).toBe(true);
  }
  const again = await openStore(dir, request(changes), { now, ...options, reissue: () => undefined });
  expect(again.changes).toEqual([]);
  expect(again.pki).toEqual(opened.pki);
  return {
    reasons: opened.changes.map(({ action, what, reason }) => `${action} ${what}: ${reason}`),
    changed: [...after.keys()].filter((path) => after.get(path) !== before.get(path)),
  };
}

const changedApiserver = (changes: Partial<WantedCertificate>) => ({
  certificates: [{ ...apiserver, ...changes }, etcdServer, admin],
});
const filesOfApiserver = ['hosts/master01/apiserver.crt', 'hosts/master01/apiserver.key'];

describe('exactly the certificate that differs is made anew', () => {
  test.each<[string, Partial<WantedCertificate>, string]>([
    [
      'a SAN more',
      { sans: { ...apiserver.sans, ip: [...apiserver.sans.ip, '10.0.0.5'] } },
      'SAN added: 10.0.0.5',
    ],
    ['a SAN less', { sans: { ...apiserver.sans, dns: ['master01'] } }, 'SAN removed: kubernetes'],
    [
      'other SANs',
      { sans: { dns: ['a', 'b'], ip: [] } },
      'SAN added: a, b; SAN removed: master01, kubernetes, 10.0.0.1, fd00::1',
    ],
    ['a usage more', { usages: ['server', 'client'] }, 'usages server, wanted server, client'],
    ['no usages', { usages: [] }, 'usages server, wanted none'],
    ['another CN', { commonName: 'x' }, 'subject CN=kube-apiserver, wanted CN=x'],
    ['an organization', { organization: 'o' }, 'subject CN=kube-apiserver, wanted O=o, CN=kube-apiserver'],
    ['another authority', { authority: 'etcd-ca' }, 'signed by kubernetes-ca, wanted etcd-ca'],
  ])('%s', async (_, changes, reason) => {
    const { reasons, changed } = await reopened(changedApiserver(changes));
    expect(reasons).toEqual([`reissued hosts/master01/apiserver: ${reason}`]);
    expect(changed).toEqual(filesOfApiserver);
  });

  test('several reasons are all told', async () => {
    const { reasons } = await reopened(changedApiserver({ commonName: 'x', usages: ['client'] }));
    expect(reasons).toEqual([
      'reissued hosts/master01/apiserver: subject CN=kube-apiserver, wanted CN=x; usages server, wanted client',
    ]);
  });

  test('one that is asked for by hand', async () => {
    const reissue = ({ id }: WantedCertificate) => (id === admin.id ? 'asked for' : undefined);
    const { reasons, changed } = await reopened({}, { reissue });
    expect(reasons).toEqual(['reissued operator/admin: asked for']);
    expect(changed).toEqual(['operator/admin.crt', 'operator/admin.key']);
  });
});

describe('all leaf certificates are made anew, authorities never', () => {
  test('for another key algorithm', async () => {
    const { reasons, changed } = await reopened({ keyAlgorithm: 'ecdsa-p384' });
    expect(reasons[0]).toBe('reissued hosts/master01/apiserver: key algorithm ecdsa-p256, wanted ecdsa-p384');
    expect([reasons.length, changed.length]).toEqual([3, 6]);
  });

  test('for other subject attributes', async () => {
    const { reasons, changed } = await reopened({ subject: { L: 'Berlin' } });
    expect(reasons[2]).toBe(
      'reissued operator/admin: subject O=system:masters, CN=kubernetes-admin, wanted L=Berlin, O=system:masters, CN=kubernetes-admin',
    );
    expect([reasons.length, changed.length]).toEqual([3, 6]);
  });

  test.each([
    [334, []],
    [335, ['reissued operator/admin: expires in 30 days']],
    [364, ['reissued operator/admin: expires in 1 day']],
    [366, ['reissued operator/admin: expired on 2027-11-20']],
  ])('after %i days: %j', async (days, expected) => {
    const { reasons } = await reopened({ certificates: [admin] }, { now: later(days) });
    expect(reasons).toEqual(expected);
  });
});

describe('nothing is made anew', () => {
  test.each<[string, Partial<PkiRequest>]>([
    ['another validity', { certValidityDays: 30, caValidityDays: 4000, renewBeforeDays: 1 }],
    [
      'another order of names',
      changedApiserver({ sans: { dns: ['kubernetes', 'master01'], ip: ['fd00::1', '10.0.0.1'] } }),
    ],
    ['another order of usages', { certificates: [{ ...etcdServer, usages: ['client', 'server'] }] }],
  ])('for %s', async (_, changes) => {
    expect(await reopened(changes)).toEqual({ reasons: [], changed: [] });
  });

  test('when a new certificate would not live longer', async () => {
    const dir = newStore();
    const short = request({ certValidityDays: 20 });
    await openStore(dir, short, { now });
    expect((await openStore(dir, short, { now: new Date(now.getTime() + 60_000) })).changes).toEqual([]);
    expect((await openStore(dir, short, { now: later(2) })).changes).toHaveLength(3);
  });
});

test('a certificate from the future, made under a wrong clock, is made anew', async () => {
  const dir = newStore();
  const { pki } = await openStore(dir, request(), { now });
  const authority = loadAuthority(
    'kubernetes-ca',
    pki.authorities['kubernetes-ca'],
    readCertificate(pki.authorities['kubernetes-ca'].certificatePem),
  );
  const future = await issueLeaf(authority, admin, request(), later(5));
  write(dir, 'operator/admin.crt', future.certificatePem);
  write(dir, 'operator/admin.key', future.privateKeyPem);
  const { changes } = await openStore(dir, request(), { now });
  expect(changes.map(({ reason }) => reason)).toEqual(['valid only from 2026-11-25T11:00:00.000Z']);
});

test('names of kinds that no one wants count as removed, foreign usages are told', async () => {
  const folder = temporaryFolder();
  const { pki } = await openStore(`${folder}/store`, request({ certificates: [] }), { now });
  write(folder, 'ca.crt', pki.authorities['kubernetes-ca'].certificatePem);
  write(folder, 'ca.key', pki.authorities['kubernetes-ca'].privateKeyPem);
  requestOf(folder);
  write(
    folder,
    'ext',
    'subjectAltName=DNS:a,email:x@example.org,URI:https://a\nextendedKeyUsage=codeSigning\n',
  );
  openssl(
    folder,
    'x509',
    '-req',
    '-in',
    'a.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '3000',
    '-extfile',
    'ext',
    '-out',
    'a.crt',
  );
  const files = filesOf(folder);
  write(`${folder}/store`, 'hosts/a/b.crt', files.get('a.crt') ?? '');
  write(`${folder}/store`, 'hosts/a/b.key', files.get('a.key') ?? '');
  const b = wanted('hosts/a/b', { commonName: 'a', usages: ['client'], sans: { dns: ['a'], ip: [] } });
  const { changes } = await openStore(`${folder}/store`, request({ certificates: [b] }), { now: new Date() });
  expect(changes.map(({ reason }) => reason)).toEqual([
    'SAN removed: 2 of other kinds; usages 1.3.6.1.5.5.7.3.3, wanted client; key algorithm rsa-2048, wanted ecdsa-p256',
  ]);
});
