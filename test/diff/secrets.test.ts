/** No secret of the store or the inventory is in any output, whatever changes and whatever was rendered. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/cli.ts';
import { changes } from './changes.ts';
import { diffOf, formats, guide, guideAnd, type Place, rendered, renderInto } from './rendered.ts';

/** Every form of a store's secrets that a file of a host has: text, lines of PEM, base64 of the whole. */
function secretsIn(pkiDir: string): string[] {
  const names = readdirSync(pkiDir, { recursive: true, encoding: 'utf8' });
  const secret = names.filter((name) => /\.key$|^bootstrap-token$|^encryption-key$/.test(name));
  return secret.flatMap((name) => {
    const text = readFileSync(join(pkiDir, name), 'utf8').trim();
    const lines = text.split('\n').filter((line) => !line.startsWith('-----'));
    const forms = [...lines, ...text.split('.'), text].flatMap((form) => {
      const base64 = Buffer.from(form).toString('base64');
      const withBreak = Buffer.from(`${form}\n`).toString('base64');
      return [form, base64, withBreak].map((one) => one.replace(/=+$/, ''));
    });
    // The end of a line of PEM may be a few letters, which stand anywhere.
    return forms.filter((form) => form.length >= 6);
  });
}

async function outputs(place: Place, inventory: string): Promise<string[]> {
  const told = await Promise.all(formats.map((format) => diffOf(place, inventory, format)));
  expect(told.map(({ status }) => status)).toEqual([1, 1, 1]);
  return told.map(({ output, errors }) => output + errors);
}

function expectNone(texts: readonly string[], secrets: readonly string[]): void {
  for (const text of texts) expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
}

const folder = temporaryFolder('diff-secrets');
const place = await rendered(folder);
const secrets = secretsIn(place.pkiDir);

/** A copy of what was rendered, to take something away from. */
function copied(name: string): Place {
  const copy = { out: join(folder, name, 'out'), pkiDir: join(folder, name, 'pki') };
  cpSync(place.out, copy.out, { recursive: true });
  cpSync(place.pkiDir, copy.pkiDir, { recursive: true });
  return copy;
}

test('the search finds secrets: they are in the bundles', () => {
  expect(secrets.length).toBeGreaterThan(200);
  const [token = ''] = readFileSync(join(place.pkiDir, 'bootstrap-token'), 'utf8').split('.');
  expect(secrets).toContain(token);
});

describe.each(Object.entries(changes))('%s', (_, inventory) => {
  test('shows no secret', async () => expectNone(await outputs(place, inventory), secrets));
});

test('not when everything is new, and no store is there', async () => {
  const nothing = { out: join(folder, 'none'), pkiDir: join(folder, 'no-pki') };
  expectNone(await outputs(nothing, guide), secrets);
  expectNone(await outputs({ ...nothing, pkiDir: place.pkiDir }, guide), secrets);
  // Another store: everything that was rendered changes.
  expectNone(await outputs({ ...nothing, out: place.out }, guide), secrets);
});

describe('secrets that change are told by fingerprints', () => {
  const alnum = 'zzzzzz.yyyyyyyyyyyyyyyy';
  const key = Buffer.alloc(32, 7).toString('base64');

  test('another token and another encryption key', async () => {
    const other = copied('other');
    writeFileSync(join(other.pkiDir, 'bootstrap-token'), `${alnum}\n`);
    writeFileSync(join(other.pkiDir, 'encryption-key'), `${key}\n`);
    const texts = await outputs(other, guide);
    expectNone(texts, [...secrets, alnum, 'yyyyyyyyyyyyyyyy', key, Buffer.from(alnum).toString('base64')]);
    expect(texts[0]).toMatch(
      /~ \/etc\/kubernetes\/token\.csv {2}\(.*fingerprint [0-9a-f]{12} -> [0-9a-f]{12}\)/,
    );
    expect(texts[0]).toMatch(/~ \/etc\/kubernetes\/encryption-config\.yaml .*fingerprint/);
    expect(texts[0]).toContain('danger  Secrets in etcd');
  });

  test('a token that the render would make', async () => {
    const other = copied('no-token');
    rmSync(join(other.pkiDir, 'bootstrap-token'));
    const texts = await outputs(other, guide);
    expectNone(texts, secrets);
    expect(texts[0]).toMatch(/fingerprint [0-9a-f]{12} -> made-by-the-render/);
  });

  test('a password in the URL of a proxy', async () => {
    const through = (password: string) =>
      guideAnd(`runtime: { proxy: { http: "http://someone:${password}@proxy.example:3128" } }`);
    const behind = await rendered(join(folder, 'proxy'), through('hunter2old'));
    const texts = await outputs(behind, through('hunter3new'));
    expectNone(texts, [...secrets, 'hunter2old', 'hunter3new']);
    expect(texts[0]).toContain('restarts containerd');
    await renderInto(behind, through('hunter3new'));
    expectNone(await outputs(behind, guide), [...secrets, 'hunter3new']);
  });
});

test('a Secret among manifests of the operator', async () => {
  const file = join(folder, 'extra.yaml');
  const value = Buffer.from('swordfish-of-before').toString('base64');
  const manifest = (data: string) =>
    writeFileSync(file, `apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  password: ${data}\n`);
  const inventory = guideAnd(`addons: { extra: [${JSON.stringify(file)}] }`);
  manifest(value);
  const before = await rendered(join(folder, 'extra'), inventory);
  const after = Buffer.from('swordfish-of-after').toString('base64');
  manifest(after);
  const texts = await outputs(before, inventory);
  expectNone(texts, [...secrets, value, after, 'swordfish']);
  expect(texts[0]).toMatch(/extra\.yaml {2}\(runs again kube-addons; fingerprint/);
  rmSync(join(before.out, 'review'), { recursive: true });
  expectNone(await outputs(before, inventory), [...secrets, value, after, 'swordfish']);
});

describe('half of an output folder', () => {
  test('without the review tree, what others may not read is told by name only', async () => {
    const other = copied('no-review');
    rmSync(join(other.out, 'review'), { recursive: true });
    const texts = await outputs(other, changes['service-network'] ?? '');
    expectNone(texts, secrets);
    expect(texts[0]).toContain('flag --service-cluster-ip-range changes, its value is not shown');
    expect(texts[0]).toContain('danger  another address range of services');
    expect(texts[0]).toContain('review holds nothing');
    expect((await diffOf(other, guide, 'text')).status).toBe(0);
  });

  test('without bundles, as from version control, all but secrets is compared', async () => {
    const other = copied('no-bundles');
    rmSync(join(other.out, 'bundles'), { recursive: true });
    expect((await diffOf(other, guide, 'text')).status).toBe(0);
    const inventory = changes.flag ?? '';
    const [whole, half] = await Promise.all([
      diffOf(place, inventory, 'text'),
      diffOf(other, inventory, 'text'),
    ]);
    expect(half.output).toBe(whole.output);
    expect(half.errors).toContain('holds no tarballs');
  });

  test('a tarball that is cut off is named, with a way out', async () => {
    const other = copied('cut');
    const path = join(other.out, 'bundles/node02.tar.gz');
    writeFileSync(path, readFileSync(path).subarray(0, 5000));
    await expect(diffOf(other, guide, 'text')).rejects.toThrow(`${path} is cut off`);
  });
});
