/** A preview has all that a render would pack, and leaves the store, or its absence, as it was. */
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Pki } from '../../../src/model/certificate.ts';
import { previewStore } from '../../../src/pki/preview.ts';
import { openStore } from '../../../src/pki/store.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { treeOf } from '../../support/tree.ts';
import { later, now, openssl, refusal, request, wanted, write } from './support.ts';

const folder = temporaryFolder('preview');
const store = join(folder, 'store');
let opened: Pki;

beforeAll(async () => {
  opened = (await openStore(store, request(), { now })).pki;
});

test('where there is no store, everything is made in memory, and no folder', async () => {
  const absent = join(folder, 'absent');
  const { authorities, certificates } = await previewStore(absent, request(), now);
  expect(existsSync(absent)).toBe(false);
  for (const { id, authority } of request().certificates) {
    write(folder, 'ca.crt', authorities[authority]?.certificatePem ?? '');
    write(folder, 'one.crt', certificates.get(id)?.certificatePem ?? '');
    const moment = String(now.getTime() / 1000);
    const verdict = openssl(
      folder,
      'verify',
      '-attime',
      moment,
      '-x509_strict',
      '-CAfile',
      'ca.crt',
      'one.crt',
    );
    expect(verdict, id).toContain('OK');
  }
});

test('of a store that is whole it is what the store has', async () => {
  expect(await previewStore(store, request(), now)).toEqual(opened);
});

test.each([
  [
    'a name was added',
    request({
      certificates: [wanted('hosts/master01/apiserver', { sans: { dns: ['k8s.example'], ip: [] } })],
    }),
    now,
  ],
  ['it is due', request({ certificates: [wanted('hosts/master01/apiserver')] }), later(350)],
])('a certificate is made anew in memory when %s', async (_, changed, at) => {
  const before = treeOf(store);
  const { certificates, authorities } = await previewStore(store, changed, at);
  const certificate = certificates.get('hosts/master01/apiserver')?.certificatePem;
  expect(certificate).toBeDefined();
  expect(certificate).not.toBe(opened.certificates.get('hosts/master01/apiserver')?.certificatePem);
  expect(authorities).toEqual(opened.authorities);
  expect(treeOf(store)).toEqual(before);
});

test('a store that a render would refuse is refused', async () => {
  const broken = join(folder, 'broken');
  cpSync(store, broken, { recursive: true });
  rmSync(join(broken, 'hosts/master01/apiserver.crt'));
  expect((await refusal(previewStore(broken, request(), now))).kind).toBe('key-without-certificate');
});
