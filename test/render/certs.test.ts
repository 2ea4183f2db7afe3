/** `certs list` and `certs check`: what they say of a store is what OpenSSL reads there. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { certsCheck, certsList } from '../../src/commands/certs.ts';
import { render, temporaryFolder, writeQuietExample } from '../support/cli.ts';
import { memoryIo } from '../support/io.ts';
import { run } from '../support/requirements.ts';
import { differences, treeOf } from '../support/tree.ts';

const folder = temporaryFolder('certs');
const inventory = join(folder, 'inventory.yaml');
const pkiDir = join(folder, 'pki');
const day = 86_400_000;

interface Certificate {
  name: string;
  host: string | null;
  path: string | null;
  storePath: string;
  state: string;
  reasons: string[];
  subject: string | null;
  issuer: string | null;
  names: string[];
  algorithm: string | null;
  notBefore: string | null;
  notAfter: string | null;
  daysLeft: number | null;
}

async function ask(
  command: typeof certsList,
  { daysLater = 0, format = 'json', quiet = false, file = inventory, dir = pkiDir } = {},
) {
  const io = memoryIo({ now: new Date(Date.now() + daysLater * day) });
  const options = { inventory: file, pkiDir: dir, format: format as 'json' | 'text', quiet };
  const status = await command(options, io);
  return { status, stdout: io.output(), stderr: io.errors() };
}

async function listed(options: Parameters<typeof ask>[1] = {}): Promise<Certificate[]> {
  return JSON.parse((await ask(certsList, options)).stdout).certificates;
}

function openssl(path: string, ...args: string[]): string {
  return run('openssl', ['x509', '-in', path, '-noout', ...args]).trim();
}

beforeAll(() => {
  writeQuietExample(inventory);
  render(inventory, folder);
});

describe('certs list', () => {
  test('has every certificate of the store once', async () => {
    const paths = (await listed()).map(({ storePath }) => storePath);
    const stored = Object.keys(treeOf(pkiDir))
      .filter((name) => name.endsWith('.crt'))
      .map((name) => join(pkiDir, name));
    expect([...paths].sort()).toEqual(stored.sort());
  });

  test('says what OpenSSL reads', async () => {
    for (const one of await listed()) {
      const { storePath: path } = one;
      const nameOf = (what: string) =>
        openssl(path, `-${what}`, '-nameopt', 'RFC2253').replace(`${what}=`, '').split(',').reverse().sort();
      expect(one.subject?.split(/, ?/).sort(), path).toEqual(nameOf('subject'));
      expect(one.issuer?.split(/, ?/).sort(), path).toEqual(nameOf('issuer'));
      const date = (what: string) => new Date(openssl(path, what).replace(/^.*=/, '')).toISOString();
      expect([one.notBefore, one.notAfter]).toEqual([date('-startdate'), date('-enddate')]);
      const sans = openssl(path, '-ext', 'subjectAltName').split('\n')[1]?.trim() ?? '';
      const wanted = sans
        .split(', ')
        .filter(Boolean)
        .map((san) => san.replace(/^(DNS|IP Address):/, ''));
      expect(one.names.map((name) => (name === '::1' ? '0:0:0:0:0:0:0:1' : name)).sort()).toEqual(
        wanted.sort(),
      );
      expect(one).toMatchObject({ state: 'current', reasons: [], algorithm: 'ecdsa-p256' });
      expect(openssl(path, '-text')).toContain('NIST CURVE: P-256');
    }
  });

  test('counts whole days from the clock it is given', async () => {
    const at = async (daysLater: number) =>
      (await listed({ daysLater })).find(({ name }) => name === 'hosts/master01/apiserver')?.daysLeft;
    const today = (await at(0)) ?? 0;
    expect([364, 365]).toContain(today);
    expect(await at(100)).toBe(today - 100);
    expect(await at(400)).toBe(today - 400);
  });

  test('names the place on its host, which the bundle fills with the same bytes', async () => {
    for (const { host, path, storePath } of await listed()) {
      if (host === null || path === null || !path.endsWith('.crt')) continue;
      const reviewed = join(folder, 'out/review', host, 'rootfs', path);
      expect(readFileSync(reviewed, 'utf8')).toBe(readFileSync(storePath, 'utf8'));
    }
  });

  test('as text is a table with a line for each', async () => {
    const { status, stdout } = await ask(certsList, { format: 'text' });
    const [header, ...lines] = stdout.trimEnd().split('\n');
    expect(status).toBe(0);
    expect(header).toMatch(/^HOST +CERTIFICATE +SUBJECT +NAMES +ISSUER +KEY +NOT AFTER +DAYS +STATE$/);
    expect(lines).toHaveLength((await listed()).length);
    expect(stdout).toMatch(/^master01 +\/etc\/kubernetes\/pki\/apiserver\.crt .*10\.64\.0\.1/m);
  });

  test('changes nothing and makes no store', async () => {
    const before = treeOf(pkiDir);
    await ask(certsList);
    expect(differences(before, treeOf(pkiDir))).toEqual([]);
    const dir = join(folder, 'none');
    const certificates = await listed({ dir });
    expect(certificates.every(({ state, subject }) => state === 'missing' && subject === null)).toBe(true);
    expect(existsSync(dir)).toBe(false);
  });
});

describe('certs check', () => {
  test('is content with a fresh store', async () => {
    expect(await ask(certsCheck)).toMatchObject({
      status: 0,
      stdout: '{\n  "certificates": []\n}\n',
      stderr: '',
    });
    const { status, stdout } = await ask(certsCheck, { format: 'text' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^all \d+ certificates are current\n$/);
    expect(await ask(certsCheck, { format: 'text', quiet: true })).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('finds nothing due a day before renewal, all leaves at renewal, the authorities not', async () => {
    expect((await ask(certsCheck, { daysLater: 333 })).status).toBe(0);
    const { status, stdout } = await ask(certsCheck, { daysLater: 336 });
    expect(status).toBe(1);
    const due: Certificate[] = JSON.parse(stdout).certificates;
    const leaves = (await listed()).filter(({ name }) => name.includes('/'));
    expect(due.map(({ name }) => name)).toEqual(leaves.map(({ name }) => name));
    for (const { state, reasons } of due) {
      expect(state).toBe('due');
      expect(reasons.join()).toMatch(/expires in \d+ days/);
    }
  });

  test('finds the authorities due in the end', async () => {
    const { status, stdout } = await ask(certsCheck, { daysLater: 3640 });
    expect(status).toBe(1);
    const names = JSON.parse(stdout).certificates.map(({ name }: Certificate) => name);
    expect(names).toEqual(expect.arrayContaining(['kubernetes-ca', 'etcd-ca', 'kubernetes-front-proxy-ca']));
  });

  test('as text and quiet says it with its status alone', async () => {
    const found = await ask(certsCheck, { daysLater: 336, format: 'text' });
    expect(found.stdout).toContain('due: expires in');
    const quiet = await ask(certsCheck, { daysLater: 336, format: 'text', quiet: true });
    expect(quiet).toEqual({ status: 1, stdout: '', stderr: '' });
  });

  test('finds what another inventory wants otherwise', async () => {
    const file = join(folder, 'other.yaml');
    writeFileSync(file, `${readFileSync(inventory, 'utf8')}pki: { extraSANs: [new.example] }\n`);
    const { status, stdout } = await ask(certsCheck, { file });
    expect(status).toBe(1);
    const found: Certificate[] = JSON.parse(stdout).certificates;
    expect(found.map(({ name, state }) => `${name} ${state}`)).toEqual(
      [1, 2, 3].map((number) => `hosts/master0${number}/apiserver due`),
    );
    expect(found[0]?.reasons.join()).toContain('new.example');
  });

  test('finds what is missing, and says 2 to a store that cannot be used', async () => {
    const copy = join(folder, 'copy');
    run('cp', ['-a', pkiDir, copy]);
    for (const ending of ['crt', 'key']) rmSync(join(copy, `hosts/node01/kube-proxy.${ending}`));
    const { status, stdout } = await ask(certsCheck, { dir: copy });
    expect(status).toBe(1);
    expect(JSON.parse(stdout).certificates).toMatchObject([
      { name: 'hosts/node01/kube-proxy', host: 'node01', state: 'missing', daysLeft: null },
    ]);
    expect((await ask(certsCheck, { dir: join(folder, 'none') })).status).toBe(1);
    writeFileSync(join(copy, 'hosts/master01/apiserver.key'), 'not a key\n');
    const refused = await ask(certsCheck, { dir: copy });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('apiserver.key');
    expect(refused.stderr).toContain('fix: ');
  });
});
