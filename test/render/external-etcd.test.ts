/** A cluster whose etcd others keep, from its files to bundles, through the built command. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ExternalEtcd } from '../../src/model/certificate.ts';
import { sha256 } from '../../src/pki/certificate.ts';
import { publicKeyDerOf } from '../../src/pki/keys.ts';
import { hardway, temporaryFolder } from '../support/cli.ts';
import { externalEtcd } from '../support/clusters.ts';
import { run } from '../support/requirements.ts';
import { request } from '../unit/pki/support.ts';

const folder = temporaryFolder('external-etcd');
const hosts = `hosts:
  - { name: cp1, address: 192.0.2.1, roles: [control-plane] }
  - { name: cp2, address: 192.0.2.2, roles: [control-plane] }
  - { name: cp3, address: 192.0.2.3, roles: [control-plane] }
  - { name: w1, address: 192.0.2.4, roles: [worker] }
endpoint: { host: api.example, mode: external }
`;
const external = `apiVersion: hardway/v1
etcd:
  external:
    endpoints: ["https://etcd1.example:2379", "https://[2001:db8::2]:2379"]
    caFile: given/ca.crt
    certFile: given/client.crt
    keyFile: given/client.key
${hosts}`;
const own = `apiVersion: hardway/v1\n${hosts.replaceAll('[control-plane]', '[etcd, control-plane]')}`;
let given: ExternalEtcd;
const place = (name: string) => join(folder, 'clusters/given', name);
const command = (...args: string[]) =>
  hardway([...args.slice(0, 1), 'clusters/inventory.yaml', ...args.slice(1)], { cwd: folder });
const certs = (verb: string) => hardway(['certs', verb, 'clusters/inventory.yaml'], { cwd: folder });

beforeAll(async () => {
  given = await externalEtcd(request());
  mkdirSync(join(folder, 'clusters/given'), { recursive: true });
});

beforeEach(() => {
  for (const name of ['ca.crt', 'client.crt', 'client.key'])
    rmSync(place(name), { force: true, recursive: true });
  writeFileSync(join(folder, 'clusters/inventory.yaml'), external);
  writeFileSync(place('ca.crt'), given.authorityPem);
  writeFileSync(place('client.crt'), given.certificatePem);
  writeFileSync(place('client.key'), given.privateKeyPem, { mode: 0o600 });
});

/** Files of a host's bundle, by their path on the host, or the manifest. */
function unpacked(host: string): string {
  const to = join(folder, 'unpacked');
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to);
  run('tar', ['-xzf', join(folder, `out/bundles/${host}.tar.gz`), '-C', to]);
  return join(to, host);
}

describe('rendered', () => {
  let stdout = '';
  beforeEach(() => {
    const result = command('render');
    expect(result).toMatchObject({ status: 0, stderr: '' });
    stdout = result.stdout;
  });

  test('control planes get the files, workers and the PKI store do not', () => {
    for (const host of ['cp1', 'cp2']) {
      const root = join(unpacked(host), 'rootfs');
      const read = (path: string) => readFileSync(join(root, path), 'utf8');
      expect(read('etc/kubernetes/pki/etcd/ca.crt')).toBe(given.authorityPem);
      expect(read('etc/kubernetes/pki/apiserver-etcd-client.crt')).toBe(given.certificatePem);
      expect(read('etc/kubernetes/pki/apiserver-etcd-client.key')).toBe(given.privateKeyPem);
      expect(read('etc/kubernetes/apiserver')).toContain(
        '--etcd-servers=https://etcd1.example:2379,https://[2001:db8::2]:2379',
      );
      expect(existsSync(join(root, 'etc/etcd'))).toBe(false);
      const manifest = readFileSync(join(root, '../manifest'), 'utf8');
      expect(manifest).toContain(
        '\nfile 0600 kube:kube /etc/kubernetes/pki/apiserver-etcd-client.key kube-apiserver.service\n',
      );
      expect(manifest.match(/^peer .*/gm)).toEqual([
        'peer etcd etcd1.example 2379',
        'peer etcd 2001:db8::2 2379',
      ]);
    }
    expect(existsSync(join(unpacked('w1'), 'rootfs/etc/kubernetes/pki/etcd'))).toBe(false);
    const store = readdirSync(join(folder, 'clusters/pki/kubernetes'), { recursive: true, encoding: 'utf8' });
    expect(store.filter((name) => /etcd/.test(name))).toEqual([]);
  });

  test('install.sh takes the manifest, names and addresses of peers', () => {
    const bundle = unpacked('cp1');
    const root = join(folder, 'root');
    mkdirSync(join(root, 'etc'), { recursive: true });
    const result = run('bash', [join(bundle, 'install.sh'), '--root', root, '--dry-run']);
    expect(result).toContain('/etc/kubernetes/pki/apiserver-etcd-client.key');
  });

  test('the key is nowhere but in the bundles', () => {
    const review = join(folder, 'out/review/cp1/rootfs/etc/kubernetes/pki/apiserver-etcd-client.key');
    const sum = sha256(publicKeyDerOf(given.privateKeyPem));
    expect(readFileSync(review, 'utf8')).toBe(`REDACTED: private key, SHA-256 of its public key ${sum}\n`);
    const secret = given.privateKeyPem.split('\n')[1] ?? '';
    const open = ['review', 'report.html', 'SHA256SUMS'].map((name) => join(folder, 'out', name));
    const found = filesWith(secret, [...open, join(folder, 'clusters/pki')]);
    expect(found).toBe('');
    const printed = [stdout, command('validate', '--format', 'json'), certs('list')].map((one) =>
      JSON.stringify(one),
    );
    expect(printed.join('')).not.toContain(secret);
  });

  test('lists what others have to renew', () => {
    const { stdout: listed, status } = hardway(
      ['certs', 'list', 'clusters/inventory.yaml', '--format', 'json'],
      { cwd: folder },
    );
    const rows = (
      JSON.parse(listed) as {
        certificates: { name: string; path: string; state: string; storePath: string }[];
      }
    ).certificates;
    expect(status).toBe(0);
    expect(rows.filter(({ name }) => name.includes('etcd'))).toMatchObject([
      {
        name: 'external-etcd-ca',
        state: 'current',
        path: '/etc/kubernetes/pki/etcd/ca.crt',
        storePath: 'clusters/given/ca.crt',
      },
      { name: 'external-etcd-client', state: 'current', storePath: 'clusters/given/client.crt' },
    ]);
    expect(rows.every(({ state }) => state === 'current')).toBe(true);
    expect(certs('check').status).toBe(0);
  });

  test('a kubeconfig needs none of the files', () => {
    rmSync(place('client.key'));
    expect(command('kubeconfig').status).toBe(0);
    expect(command('render').status).toBe(2);
  });

  test('the cluster may move to an etcd of its own and back; what was made then is never lost unseen', () => {
    const store = join(folder, 'clusters/pki/kubernetes');
    const marker = () => readFileSync(join(store, '.hardway-pki'), 'utf8');
    expect(marker()).toContain('\nMade without: etcd-ca\n');
    writeFileSync(join(folder, 'clusters/inventory.yaml'), own);
    expect(command('render')).toMatchObject({ status: 0 });
    expect(marker()).not.toContain('Made without');
    const ca = readFileSync(join(store, 'etcd/ca.crt'), 'utf8');
    writeFileSync(join(folder, 'clusters/inventory.yaml'), external);
    expect(command('render').status).toBe(0);
    expect(readFileSync(join(store, 'etcd/ca.crt'), 'utf8')).toBe(ca);
    rmSync(join(store, 'etcd'), { recursive: true });
    expect(command('render').status).toBe(0);
    writeFileSync(join(folder, 'clusters/inventory.yaml'), own);
    const { status, stderr } = command('render');
    expect(status).toBe(2);
    expect(stderr).toContain('etcd/ca.key: was there once and is missing');
    rmSync(store, { recursive: true });
  });
});

describe('a file that is not as it should be is told at its line', () => {
  const at = { ca: '5:13', cert: '6:15', key: '7:14' };
  const cases: readonly (readonly [string, () => void, string, string])[] = [
    [
      'is missing',
      () => rmSync(place('ca.crt')),
      `${at.ca}: error[unreadable-file]`,
      'cannot read "clusters/given/ca.crt": there is no such file',
    ],
    [
      'is a folder',
      () => {
        rmSync(place('client.key'));
        mkdirSync(place('client.key'));
      },
      `${at.key}: error[unreadable-file]`,
      'it is a folder',
    ],
    [
      'is a device',
      () => {
        rmSync(place('ca.crt'));
        symlinkSync('/dev/zero', place('ca.crt'));
      },
      `${at.ca}: error[unreadable-file]`,
      'it is not a plain file',
    ],
    [
      'is a pipe',
      () => {
        rmSync(place('ca.crt'));
        run('mkfifo', [place('ca.crt')]);
      },
      `${at.ca}: error[unreadable-file]`,
      'it is not a plain file',
    ],
    [
      'is larger than any',
      () => writeFileSync(place('client.crt'), 'x'.repeat(2_000_000)),
      `${at.cert}: error[unreadable-file]`,
      'larger than 1 MiB',
    ],
    [
      'is no PEM',
      () => writeFileSync(place('client.crt'), 'hello'),
      `${at.cert}: error[invalid-pem]`,
      'holds no certificate in PEM',
    ],
    [
      'is another key',
      () => writeFileSync(place('client.key'), run('openssl', ['genpkey', '-algorithm', 'ed25519'])),
      `${at.key}: error[key-mismatch]`,
      'does not belong to',
    ],
    [
      'may be read by others',
      () => chmodSync(place('client.key'), 0o644),
      `${at.key}: warning[exposed-key]`,
      'mode 0644',
    ],
  ];
  test.each(cases)('one that %s', (_, damage, head, message) => {
    damage();
    const { status, stderr } = command('validate');
    expect(stderr).toContain(`clusters/inventory.yaml:${head}`);
    expect(stderr).toContain(message);
    expect(stderr).toContain('  fix: ');
    expect(stderr.match(/(error|warning)\[/g)).toHaveLength(1);
    expect(status).toBe(head.includes('error') ? 2 : 0);
    expect(command('render', '--out', 'other').status).toBe(status);
    rmSync(join(folder, 'other'), { recursive: true, force: true });
  });

  test('from standard input, paths are relative to the current folder', () => {
    const { status, stderr } = hardway(['validate', '-'], { cwd: join(folder, 'clusters'), input: external });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(hardway(['validate', '-'], { cwd: folder, input: external }).stderr).toContain('"given/ca.crt"');
  });

  test('~/ is the home of the user', () => {
    const input = external.replaceAll('given/', '~/given/');
    const result = hardway(['validate', '-'], { cwd: '/', input, env: { HOME: join(folder, 'clusters') } });
    expect(result).toMatchObject({ status: 0, stderr: '' });
  });
});

function filesWith(text: string, places: readonly string[]): string {
  return run('sh', ['-c', 'grep -rlF -- "$0" "$@" || true', text, ...places]);
}
