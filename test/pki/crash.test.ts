/** A store whose process is killed: it opens, every pair matches, and what was there keeps its bytes. */

import { spawn, spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';
import { authorityOf } from '../../src/model/certificate.ts';
import { openStore } from '../../src/pki/store.ts';
import { filesOf, newStore } from '../unit/pki/support.ts';
import { crashRequest } from './crash-request.ts';

const folder = mkdtempSync(join(tmpdir(), 'crash-bundle-'));
const bundle = join(folder, 'child.mjs');
const original = join(folder, 'store');
const few = 20;
const many = 150;

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL('crash-child.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  await openStore(original, crashRequest(few), { now: new Date() });
  return () => rmSync(folder, { recursive: true });
});

function copyOfOriginal(): string {
  const dir = newStore();
  cpSync(original, dir, { recursive: true });
  return dir;
}

/** The store opens, nothing is left over, pairs match, signatures hold, and old certificates are the old ones. */
async function expectWhole(dir: string, before: ReadonlyMap<string, string>, count: number): Promise<void> {
  const { pki } = await openStore(dir, crashRequest(count), { now: new Date(), lockWaitMs: 1000 });
  for (const [id, { certificatePem, privateKeyPem }] of pki.certificates) {
    const certificate = new X509Certificate(certificatePem);
    const wanted = crashRequest(count).certificates.find((one) => one.id === id);
    const issuer = new X509Certificate(authorityOf(pki, wanted?.authority ?? 'etcd-ca').certificatePem);
    expect(
      certificate.checkPrivateKey(createPrivateKey(privateKeyPem)) && certificate.verify(issuer.publicKey),
    ).toBe(true);
  }
  const after = filesOf(dir);
  for (const [path, content] of before) {
    const isReissued = /^hosts\/worker\d\//.test(path);
    if (!isReissued) expect(`${path} ${after.get(path)}`).toBe(`${path} ${content}`);
  }
  expect(readdirSync(dir).filter((name) => /lock|journal|staging/.test(name))).toEqual([]);
  expect((await openStore(dir, crashRequest(count), { now: new Date() })).changes).toEqual([]);
}

test('killed before single steps', async () => {
  const steps = Number(spawnSync('node', [bundle, copyOfOriginal(), String(many)]).stdout.toString());
  expect(steps).toBeGreaterThan(2 * 2 * (many - few));
  const last = Array.from({ length: 6 }, (_, index) => steps - 1 - index);
  const middle = Math.floor(steps / 2);
  for (const step of [0, 1, 2, 50, middle - 2, middle - 1, middle, middle + 1, middle + 50, ...last]) {
    const dir = copyOfOriginal();
    const before = filesOf(dir);
    expect(spawnSync('node', [bundle, dir, String(many), String(step)]).signal).toBe('SIGKILL');
    await expectWhole(dir, before, many);
  }
});

/** Uniform numbers in [0, 1) from a seed: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('killed at any moment, again and again in the same store', async () => {
  const next = random(20_26);
  const started = performance.now();
  spawnSync('node', [bundle, copyOfOriginal(), String(many)]);
  const wholeRunMs = performance.now() - started;
  const dir = copyOfOriginal();
  let killed = 0;
  for (let round = 0; round < 30; round += 1) {
    const before = filesOf(dir);
    const count = many + round * 10;
    const child = spawn('node', [bundle, dir, String(count)], { stdio: 'ignore' });
    const exit = once(child, 'exit');
    // The later part of a run is where something happens; the first is node starting.
    await delay(wholeRunMs * (0.3 + 0.7 * next()));
    child.kill('SIGKILL');
    const [, signal] = await exit;
    if (signal === 'SIGKILL') killed += 1;
    await expectWhole(dir, before, count);
  }
  expect(killed).toBeGreaterThan(10);
}, 180_000);
