/** `kubeconfig`, judged by kubectl and OpenSSL; a key made for somebody else is kept nowhere. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { hardway, render, temporaryFolder, writeQuietExample } from '../support/cli.ts';
import { canRun, kubeBinaries, run } from '../support/requirements.ts';
import { differences, treeOf } from '../support/tree.ts';

const folder = temporaryFolder('kubeconfig');
const inventory = join(folder, 'inventory.yaml');
const pki = join(folder, 'pki');
const day = 86_400_000;

interface Kubeconfig {
  clusters: [{ name: string; cluster: { server: string; 'certificate-authority-data': string } }];
  users: [{ name: string; user: { 'client-certificate-data': string; 'client-key-data': string } }];
  contexts: [{ name: string; context: { cluster: string; user: string } }];
  'current-context': string;
}

function ask(...args: string[]) {
  return hardway(['kubeconfig', inventory, '--pki-dir', pki, ...args]);
}

function decoded(text: string) {
  const config = parse(text) as Kubeconfig;
  const { user } = config.users[0];
  const pem = (data: string) => Buffer.from(data, 'base64').toString();
  return {
    config,
    authority: pem(config.clusters[0].cluster['certificate-authority-data']),
    certificate: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  };
}

function kubeconfig(...args: string[]) {
  const { status, stdout, stderr } = ask(...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return { text: stdout, ...decoded(stdout) };
}

function expectValid({ certificate, key, authority }: ReturnType<typeof decoded>) {
  const [file, ca] = [join(folder, 'one.crt'), join(folder, 'one-ca.crt')];
  writeFileSync(file, certificate);
  writeFileSync(ca, authority);
  const verdict = run('openssl', ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', ca, file]);
  expect(verdict).toContain('OK');
  expect(() => run('openssl', ['verify', '-purpose', 'sslserver', '-CAfile', ca, file])).toThrow();
  expect(run('openssl', ['x509', '-noout', '-pubkey'], certificate)).toBe(
    run('openssl', ['pkey', '-pubout'], key),
  );
  expect(authority).toBe(readFileSync(join(pki, 'ca.crt'), 'utf8'));
}

const subjectOf = (pem: string) => run('openssl', ['x509', '-noout', '-subject'], pem).trim();
const endOf = (pem: string) =>
  new Date(run('openssl', ['x509', '-noout', '-enddate'], pem).replace('notAfter=', '')).getTime();

beforeAll(() => {
  writeQuietExample(inventory);
  render(inventory, folder);
});

describe("the administrator's", () => {
  test('is the certificate of the store, for the endpoint', () => {
    const admin = kubeconfig();
    expectValid(admin);
    expect(admin.certificate).toBe(readFileSync(join(pki, 'operator/admin.crt'), 'utf8'));
    expect(subjectOf(admin.certificate)).toBe('subject=O = system:masters, CN = kubernetes-admin');
    expect(admin.config.clusters[0].cluster.server).toBe('https://kubernetes-api.mykernel.cn:6443');
    expect(admin.config['current-context']).toBe('kubernetes-admin@kubernetes');
    expect(kubeconfig().text).toBe(admin.text);
  });

  test('is read by kubectl', () => {
    const binaries = kubeBinaries();
    const kubectl = binaries === undefined ? '' : join(binaries, 'kubectl');
    if (!canRun('kubectl reads the kubeconfig', { kubectl: existsSync(kubectl) })) return;
    const file = join(folder, 'admin.conf');
    writeFileSync(file, kubeconfig().text, { mode: 0o600 });
    const view = JSON.parse(run(kubectl, ['--kubeconfig', file, 'config', 'view', '--raw', '-o', 'json']));
    expect(view['current-context']).toBe('kubernetes-admin@kubernetes');
    expect(view.users[0].user['client-key-data']).toBe(
      readFileSync(join(pki, 'operator/admin.key')).toString('base64'),
    );
    expect(run(kubectl, ['--kubeconfig', file, 'config', 'current-context'])).toBe(
      'kubernetes-admin@kubernetes\n',
    );
  });

  test('is refused where nothing was rendered, and no authority is made', () => {
    const fresh = join(folder, 'fresh');
    const { status, stdout, stderr } = hardway(['kubeconfig', inventory, '--pki-dir', fresh]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('run hardway render first');
    expect(existsSync(fresh)).toBe(false);
  });

  test('does not re-issue the certificates of hosts when the inventory has changed', () => {
    const before = treeOf(pki);
    const changed = join(folder, 'changed.yaml');
    writeFileSync(changed, `${readFileSync(inventory, 'utf8')}pki: { extraSANs: [new.example] }\n`);
    expect(hardway(['kubeconfig', changed, '--pki-dir', pki]).status).toBe(0);
    expect(differences(before, treeOf(pki))).toEqual([]);
  });
});

describe('for somebody else', () => {
  test('--user, --group and --days are in the certificate, and the key is kept nowhere', () => {
    const before = treeOf(folder);
    const jane = kubeconfig('--user', 'jane@example.com', '--group', 'developers', '--days', '7');
    expect(differences(before, treeOf(folder))).toEqual([]);
    expectValid(jane);
    expect(subjectOf(jane.certificate)).toBe('subject=O = developers, CN = jane@example.com');
    expect(Math.abs(endOf(jane.certificate) - Date.now() - 7 * day)).toBeLessThan(60_000);
    expect(jane.config.users[0].name).toBe('jane@example.com');
    expect(jane.config['current-context']).toBe('jane@example.com@kubernetes');
  });

  test('--days beyond the authority end with it, and the terminal says so', () => {
    const { status, stdout, stderr } = ask('--user', 'jane', '--days', '36500');
    expect(status).toBe(0);
    const authorityEnd = endOf(readFileSync(join(pki, 'ca.crt'), 'utf8'));
    expect(endOf(decoded(stdout).certificate)).toBe(authorityEnd);
    const date = new Date(authorityEnd).toISOString().slice(0, 10);
    expect(stderr).toContain(`ends with its authority, on ${date}`);
  });

  test('each call makes another key', () => {
    expect(kubeconfig('--user', 'jane').key).not.toBe(kubeconfig('--user', 'jane').key);
  });

  test('without --group there is no group, without --days the validity of the inventory', () => {
    const jane = kubeconfig('--user', 'jane');
    expect(subjectOf(jane.certificate)).toBe('subject=CN = jane');
    expect(Math.abs(endOf(jane.certificate) - Date.now() - 365 * day)).toBeLessThan(60_000);
  });

  test.each([
    'a"b',
    "o'brien",
    'a:b',
    '{{x}}',
    'a#b',
    '$(id)',
    '%h',
    'ünïcode',
    '-',
    'null',
    'true',
    '123',
    '*a',
    '&a',
  ])('the name %s arrives as it is', (user) => {
    const { config, certificate } = kubeconfig(`--user=${user}`, `--group=${user}`);
    expect(config.users[0].name).toBe(user);
    expect(config.contexts[0].context.user).toBe(user);
    const subject = run(
      'openssl',
      ['x509', '-noout', '-subject', '-nameopt', 'utf8,sep_multiline'],
      certificate,
    );
    expect(subject).toContain(`CN=${user}\n`);
    expect(subject).toContain(`O=${user}\n`);
  });

  test.each([
    ['system:masters', /"system:"/],
    ['system:node:node01', /"system:"/],
    ['two words', /printable/],
    ['two\nlines', /printable/],
    ['tab\there', /printable/],
    ['bell\u0007', /printable/],
    ['\u202ejohn', /printable/],
    ['x'.repeat(65), /64/],
    ['', /value|printable/],
  ])('the name %j is refused', (user, message) => {
    const before = treeOf(folder);
    const { status, stdout, stderr } = ask(`--user=${user}`);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(differences(before, treeOf(folder))).toEqual([]);
  });

  test.each(['two words', 'x'.repeat(65), 'new\nline'])('the group %j is refused', (group) => {
    expect(ask('--user=jane', `--group=${group}`)).toMatchObject({ status: 2, stdout: '' });
  });
});

test('a store that is not readable as one is named, with nothing on standard output', () => {
  const other = join(folder, 'notes');
  run('mkdir', ['-p', other]);
  writeFileSync(join(other, 'notes.txt'), '');
  const { status, stdout, stderr } = hardway(['kubeconfig', inventory, '--pki-dir', other]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('notes.txt');
});
