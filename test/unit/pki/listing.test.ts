import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import * as lock from '../../../src/lib/lock.ts';
import { readStore } from '../../../src/pki/listing.ts';
import { openStore } from '../../../src/pki/store.ts';
import {
  apiserver,
  filesOf,
  later,
  modeOf,
  newStore,
  now,
  refusal,
  request,
  wanted,
  write,
} from './support.ts';

describe('a listing', () => {
  test('of nothing says what is missing, and makes nothing', async () => {
    const dir = newStore();
    const { certificates, problems } = await readStore(dir, request(), { now });
    expect(problems).toEqual([]);
    expect(certificates.map(({ what, state, path }) => [what, state, path])).toEqual([
      ['kubernetes-ca', 'missing', join(dir, 'ca.crt')],
      ['etcd-ca', 'missing', join(dir, 'etcd/ca.crt')],
      ['kubernetes-front-proxy-ca', 'missing', join(dir, 'front-proxy-ca.crt')],
      ...request().certificates.map(({ id }) => [id, 'missing', join(dir, `${id}.crt`)]),
    ]);
    expect(existsSync(dir)).toBe(false);
  });

  test('shows facts, days and reasons', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    const before = filesOf(dir);
    const wants = request({ certificates: [{ ...apiserver, usages: ['client'] }, wanted('hosts/b/c')] });
    const { certificates } = await readStore(dir, wants, { now: later(5) });
    expect(filesOf(dir)).toEqual(before);
    const [ca, , , changed, missing] = certificates;
    expect([ca?.state, ca?.daysLeft, ca?.facts?.isAuthority, ca?.facts?.subject]).toEqual([
      'current',
      3645,
      true,
      'CN=kubernetes-ca',
    ]);
    expect([changed?.state, changed?.daysLeft, changed?.reasons]).toEqual([
      'due',
      360,
      ['usages server, wanted client'],
    ]);
    expect(changed?.facts).toMatchObject({
      subject: 'CN=kube-apiserver',
      issuer: 'CN=kubernetes-ca',
      keyAlgorithm: 'ecdsa-p256',
      sans: apiserver.sans,
      usages: ['server'],
      notAfter: later(365),
    });
    expect([missing?.state, missing?.facts, missing?.daysLeft]).toEqual(['missing', undefined, undefined]);
  });

  test('shows authorities that end soon as due', async () => {
    const dir = newStore();
    await openStore(dir, request({ caValidityDays: 40 }), { now });
    const { certificates, warnings } = await readStore(dir, request(), { now: later(20) });
    expect(certificates[0]).toMatchObject({ state: 'due', daysLeft: 20, reasons: ['expires in 20 days'] });
    expect(warnings).toHaveLength(3);
  });

  test('tells problems as values, and modes as a warning', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    rmSync(join(dir, 'operator/admin.key'));
    chmodSync(join(dir, 'ca.key'), 0o644);
    const { certificates, problems, warnings } = await readStore(dir, request(), { now });
    expect(problems.map(({ kind }) => kind)).toEqual(['certificate-without-key']);
    expect(certificates.at(-1)).toMatchObject({ what: 'operator/admin', state: 'refused', facts: undefined });
    expect(warnings).toEqual(['other users could read ca.key; these files should be mode 0600']);
    expect(modeOf(join(dir, 'ca.key'))).toBe('644');
  });

  test('of a store that lost an authority', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    rmSync(join(dir, 'ca.key'));
    rmSync(join(dir, 'ca.crt'));
    const { certificates, problems } = await readStore(dir, request(), { now });
    expect(problems.map(({ kind }) => kind)).toEqual(['missing']);
    expect(certificates.map(({ state }) => state)).toEqual([
      'missing',
      'current',
      'current',
      'refused',
      'refused',
      'refused',
    ]);
  });

  test('of authorities that an operator put into a new folder', async () => {
    const other = newStore();
    await openStore(other, request(), { now });
    const dir = newStore();
    for (const path of ['ca.crt', 'ca.key']) write(dir, path, filesOf(other).get(path) ?? '');
    const { certificates, problems } = await readStore(dir, request(), { now });
    expect(problems).toEqual([]);
    expect(certificates.map(({ state }) => state)).toEqual([
      'current',
      ...Array.from({ length: 5 }, () => 'missing'),
    ]);
  });

  test('of a folder that is no store is refused', async () => {
    const dir = newStore();
    mkdirSync(dir);
    writeFileSync(join(dir, 'a'), '');
    expect((await refusal(readStore(dir, request(), { now }))).kind).toBe('not-a-store');
  });

  test('of a store that cannot be locked is made without a lock', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    const readOnly = Object.assign(new Error('EROFS: read-only file system'), {
      code: 'EROFS',
      syscall: 'open',
    });
    const locked = vi.spyOn(lock, 'withLock').mockRejectedValueOnce(readOnly);
    expect((await readStore(dir, request(), { now })).problems).toEqual([]);
    const other = Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: 'open' });
    locked.mockRejectedValueOnce(other);
    expect((await refusal(readStore(dir, request(), { now }))).kind).toBe('disk');
  });

  test('waits for whoever changes the store, but not for ever', async () => {
    const dir = newStore();
    await openStore(dir, request(), { now });
    await lock.withLock(dir, 0, async () => {
      const error = await refusal(readStore(dir, request(), { now, lockWaitMs: 50 }));
      expect([error.kind, error.path]).toEqual(['locked', dir]);
      expect(error.message).toContain(`process ${process.pid} on `);
      expect((await refusal(openStore(dir, request(), { now, lockWaitMs: 50 }))).kind).toBe('locked');
    });
    expect((await readStore(dir, request(), { now })).problems).toEqual([]);
  });
});
