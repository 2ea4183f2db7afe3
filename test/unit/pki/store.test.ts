import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { authorityNames, authorityOf } from '../../../src/model/certificate.ts';
import { openStore } from '../../../src/pki/store.ts';
import {
  admin,
  apiserver,
  etcdServer,
  filesOf,
  later,
  modeOf,
  newStore,
  now,
  refusal,
  request,
  wanted,
} from './support.ts';

describe('a new store', () => {
  test('has everything, and says what it made', async () => {
    const dir = newStore();
    const { pki, changes, warnings } = await openStore(dir, request(), { now });
    expect([...filesOf(dir).keys()]).toEqual([
      '.gitignore',
      '.hardway-pki',
      'bootstrap-token',
      'ca.crt',
      'ca.key',
      'encryption-key',
      'etcd/ca.crt',
      'etcd/ca.key',
      'front-proxy-ca.crt',
      'front-proxy-ca.key',
      'hosts/master01/apiserver.crt',
      'hosts/master01/apiserver.key',
      'hosts/master01/etcd-server.crt',
      'hosts/master01/etcd-server.key',
      'operator/admin.crt',
      'operator/admin.key',
      'sa.key',
      'sa.pub',
    ]);
    expect(filesOf(dir).get('.gitignore')).toBe('*\n');
    expect(changes.map(({ action, what }) => `${action} ${what}`)).toEqual([
      ...authorityNames.map((name) => `created ${name}`),
      'created service-account',
      'created bootstrap-token',
      'created encryption-key',
      'created hosts/master01/apiserver',
      'created hosts/master01/etcd-server',
      'created operator/admin',
    ]);
    expect(warnings).toEqual([]);
    expect([...pki.certificates.keys()]).toEqual([apiserver.id, etcdServer.id, admin.id]);
    expect(pki.bootstrapToken).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    expect(Buffer.from(pki.encryptionKey, 'base64')).toHaveLength(32);
    const { privateKeyPem, publicKeyPem } = pki.serviceAccount;
    expect(createPublicKey(privateKeyPem).equals(createPublicKey(publicKeyPem))).toBe(true);
  });

  test('signs every certificate by the authority that was asked for', async () => {
    const { pki } = await openStore(newStore(), request({ subject: { C: 'DE', OU: 'ops' } }), { now });
    for (const { id, authority } of request().certificates) {
      const pair = pki.certificates.get(id);
      const certificate = new X509Certificate(pair?.certificatePem ?? '');
      const issuer = new X509Certificate(authorityOf(pki, authority).certificatePem);
      expect(certificate.verify(issuer.publicKey)).toBe(true);
      expect(certificate.checkPrivateKey(createPrivateKey(pair?.privateKeyPem ?? ''))).toBe(true);
      expect(issuer.subject).toBe(`C=DE\nOU=ops\nCN=${authority}`);
    }
    const own = new X509Certificate(pki.certificates.get(admin.id)?.certificatePem ?? '');
    expect(own.subject).toBe('C=DE\nO=system:masters\nOU=ops\nCN=kubernetes-admin');
  });

  test('is closed to others', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    for (const path of filesOf(dir).keys()) expect(`${path} ${modeOf(join(dir, path))}`).toBe(`${path} 600`);
    for (const folder of ['.', 'etcd', 'hosts', 'hosts/master01', 'operator'])
      expect(modeOf(join(dir, folder))).toBe('700');
  });

  test('counts its progress and lets others work', async () => {
    const certificates = Array.from({ length: 300 }, (_, index) => wanted(`hosts/h${index}/a`));
    const seen: number[] = [];
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await openStore(newStore(), request({ certificates }), {
      now,
      onProgress: (done, total) => total === 300 && seen.push(done),
    });
    clearInterval(timer);
    expect(seen).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect(ticks).toBeGreaterThan(1);
  });

  test('makes RSA keys, several at once', async () => {
    const { pki } = await openStore(newStore(), request({ keyAlgorithm: 'rsa-2048' }), { now });
    const keys = [...pki.certificates.values(), ...Object.values(pki.authorities), pki.serviceAccount];
    expect(keys.map(({ privateKeyPem }) => createPrivateKey(privateKeyPem).asymmetricKeyType)).toEqual(
      keys.map(() => 'rsa'),
    );
    expect([...pki.certificates.keys()]).toEqual(request().certificates.map(({ id }) => id));
  });
});

describe('a store that is there', () => {
  test('is reused byte by byte', async () => {
    const dir = newStore();
    const first = await openStore(dir, request(), { now });
    const before = filesOf(dir);
    const second = await openStore(dir, request(), { now: later(1) });
    expect(second.changes).toEqual([]);
    expect(second.pki).toEqual(first.pki);
    expect(filesOf(dir)).toEqual(before);
  });

  test('keeps what nobody wants any more, and files that others put there', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    const path = join(dir, 'notes.txt');
    const before = filesOf(dir);
    expect((await openStore(dir, request({ certificates: [admin] }), { now })).pki.certificates.size).toBe(1);
    expect(filesOf(dir)).toEqual(before);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(path, 'mine');
    await openStore(dir, request(), { now });
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test('makes what is missing, and nothing else', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    const before = filesOf(dir);
    rmSync(join(dir, 'operator'), { recursive: true });
    rmSync(join(dir, 'bootstrap-token'));
    rmSync(join(dir, 'sa.pub'));
    const { changes } = await openStore(dir, request(), { now });
    expect(changes.map(({ what }) => what)).toEqual(['bootstrap-token', 'operator/admin']);
    const after = filesOf(dir);
    for (const [path, content] of before) {
      if (!/operator|bootstrap-token/.test(path)) expect(after.get(path)).toBe(content);
    }
    expect(after.get('operator/admin.key')).not.toBe(before.get('operator/admin.key'));
  });

  test('is closed to others again, with a warning about secrets', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    for (const path of ['ca.key', 'ca.crt', 'sa.key', 'bootstrap-token', 'operator/admin.key'])
      chmodSync(join(dir, path), 0o644);
    chmodSync(join(dir, 'operator'), 0o755);
    chmodSync(dir, 0o755);
    const { warnings } = await openStore(dir, request(), { now });
    expect(warnings).toEqual([
      'other users could read ca.key, sa.key, bootstrap-token and 1 more; these files are mode 0600 now',
    ]);
    for (const path of ['ca.key', 'ca.crt', 'operator/admin.key'])
      expect(modeOf(join(dir, path))).toBe('600');
    expect([modeOf(dir), modeOf(join(dir, 'operator'))]).toEqual(['700', '700']);
    expect((await openStore(dir, request(), { now })).warnings).toEqual([]);
  });

  test('does not touch files that are as they should be', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    utimesSync(join(dir, 'ca.key'), 1, 1);
    await openStore(dir, request({ certificates: [...request().certificates, wanted('hosts/b/c')] }), {
      now,
    });
    const { statSync } = await import('node:fs');
    expect(statSync(join(dir, 'ca.key')).mtimeMs).toBe(1000);
  });

  test('warns about an authority that ends soon, and does not re-issue for ever below it', async () => {
    const dir = newStore();
    await openStore(dir, request({ caValidityDays: 40 }), { now });
    const { changes, warnings } = await openStore(dir, request({ caValidityDays: 40 }), { now: later(20) });
    expect(changes).toEqual([]);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatch(/^kubernetes-ca expires in 20 days \(2026-12-30\)/);
  });

  test('may be an empty folder at first, given by a link', async () => {
    const dir = newStore();
    mkdirSync(dir, { mode: 0o755 });
    const { symlinkSync } = await import('node:fs');
    symlinkSync(dir, `${dir}-link`);
    await openStore(`${dir}-link`, request(), { now });
    expect(modeOf(dir)).toBe('700');
  });

  test('serves two at once, one after the other', async () => {
    const dir = newStore();
    const [left, right] = await Promise.all([
      openStore(dir, request(), { now }),
      openStore(dir, request(), { now }),
    ]);
    expect(left.pki).toEqual(right.pki);
    expect([left.changes.length, right.changes.length].sort()).toEqual([0, 9]);
  });
});

describe('certificate ids', () => {
  test.each([
    'apiserver',
    '../x/y',
    'hosts//a',
    'hosts/a/',
    '/etc/x',
    'etcd/ca',
    'hosts/.a/b',
    'hosts/a b/c',
  ])('%s is refused', async (id) => {
    await expect(openStore(newStore(), request({ certificates: [wanted(id)] }), { now })).rejects.toThrow(
      RangeError,
    );
  });

  test('two of the same are refused', async () => {
    await expect(openStore(newStore(), request({ certificates: [admin, admin] }), { now })).rejects.toThrow(
      'wanted twice',
    );
  });
});

test('a name that no certificate can hold is refused, and nothing is left behind', async () => {
  const dir = newStore();
  const bad = wanted('hosts/a/b', { sans: { dns: ['nœud'], ip: [] } });
  const error = await refusal(openStore(dir, request({ certificates: [admin, bad] }), { now }));
  expect([error.kind, error.path]).toEqual(['not-encodable', join(dir, 'hosts/a/b.crt')]);
  await openStore(dir, request(), { now });
  expect([...filesOf(dir).keys()].filter((path) => path.startsWith('.'))).toEqual([
    '.gitignore',
    '.hardway-pki',
  ]);
});
