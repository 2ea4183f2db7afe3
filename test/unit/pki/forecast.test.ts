/** A forecast says what opening the store then does, and touches nothing. */
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PkiRequest } from '../../../src/model/certificate.ts';
import { forecastStore, yetToBeMade } from '../../../src/pki/forecast.ts';
import { openStore } from '../../../src/pki/store.ts';
import { pkiRequest } from '../../../src/plan/certificates.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { clusterOf, fiveHosts } from '../../support/clusters.ts';
import { treeOf } from '../../support/tree.ts';

const folder = temporaryFolder('forecast');
const now = new Date('2026-11-21T00:00:00Z');
const request = pkiRequest(clusterOf(fiveHosts));
const store = join(folder, 'store');
const fresh = await forecastStore(store, request, now);
const freshExists = existsSync(store);
const opened = await openStore(store, request, { now });

async function expectAgreement(dir: string, wanted: PkiRequest, at = now): Promise<void> {
  const before = treeOf(dir);
  const forecast = await forecastStore(dir, wanted, at);
  expect(treeOf(dir)).toEqual(before);
  const { pki, changes } = await openStore(dir, wanted, { now: at });
  expect(forecast.changes).toEqual(changes);
  const changed = new Set(changes.map(({ what }) => what));
  for (const [id, pair] of forecast.pki.certificates) {
    if (changed.has(id)) expect(pair.privateKeyPem, id).toBe(yetToBeMade);
    else expect(pair, id).toEqual(pki.certificates.get(id));
  }
}

test('everything is new where no store is, and none is made', () => {
  expect(freshExists).toBe(false);
  expect(fresh.changes).toEqual(opened.changes);
  expect(Object.values(fresh.pki.authorities).map((pair) => pair?.certificatePem)).toEqual(
    Array(3).fill(yetToBeMade),
  );
});

test('nothing is to be done about a store that is whole', async () => {
  const { changes, pki } = await forecastStore(store, request, now);
  expect(changes).toEqual([]);
  expect(pki).toEqual(opened.pki);
});

test.each<readonly [string, (dir: string) => void, PkiRequest, Date]>([
  ['names', () => {}, pkiRequest(clusterOf('pki: { extraSANs: [k8s.example] }', fiveHosts)), now],
  ['time', () => {}, request, new Date('2027-11-10T00:00:00Z')],
  ['a key algorithm', () => {}, pkiRequest(clusterOf('pki: { keyAlgorithm: ecdsa-p384 }', fiveHosts)), now],
  ['a pair that is gone', (dir) => rmSync(join(dir, 'hosts/m1'), { recursive: true }), request, now],
  ['a token that is gone', (dir) => rmSync(join(dir, 'bootstrap-token')), request, now],
])('%s: as opening the store then does', async (name, change, wanted, at) => {
  const dir = join(folder, name.replaceAll(' ', '-'));
  cpSync(store, dir, { recursive: true });
  change(dir);
  await expectAgreement(dir, wanted, at);
});

test('a store that opening would refuse is refused', async () => {
  const dir = join(folder, 'refused');
  cpSync(store, dir, { recursive: true });
  writeFileSync(join(dir, 'ca.key'), 'no key\n');
  await expect(forecastStore(dir, request, now)).rejects.toThrow('ca.key');
});
