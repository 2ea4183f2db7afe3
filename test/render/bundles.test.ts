/**
 * The bundles of the examples, judged by others: OpenSSL, systemd, sha256sum, tar,
 * shellcheck, kubectl. Nothing of hardway's own code reads them here.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { projectRoot, render, temporaryFolder } from '../support/cli.ts';
import { canRun, findProgram, kubeBinaries, run } from '../support/requirements.ts';

const folder = temporaryFolder('bundles');

interface Wanted {
  readonly path: string;
  readonly subject: string;
  readonly ca: string;
  readonly purposes: readonly ('sslserver' | 'sslclient')[];
  readonly sans: readonly string[];
}

interface Unpacked {
  readonly root: string;
  readonly text: (path: string) => string;
  readonly files: readonly string[];
}

const unpacked = new Map<string, Unpacked>();

function unpack(example: string, out: string, host: string): void {
  const into = join(folder, example, 'hosts');
  mkdirSync(into, { recursive: true });
  run('tar', ['-xzpf', join(out, 'bundles', `${host}.tar.gz`), '-C', into]);
  const root = join(into, host, 'rootfs');
  const files = run('find', [root, '-type', 'f', '-printf', '/%P\n']).trim().split('\n').sort();
  unpacked.set(`${example}/${host}`, { root, files, text: (path) => readFileSync(join(root, path), 'utf8') });
}

function bundle(key: string): Unpacked {
  const found = unpacked.get(key);
  if (found === undefined) throw new Error(`no bundle ${key}`);
  return found;
}

beforeAll(() => {
  for (const example of ['ha-stacked', 'single']) {
    mkdirSync(join(folder, example));
    const { out } = render(join(projectRoot, `examples/${example}.yaml`), join(folder, example));
    for (const file of readdirSync(join(out, 'bundles'))) unpack(example, out, file.replace('.tar.gz', ''));
  }
});

const loopback = ['DNS:localhost', 'IP Address:127.0.0.1', 'IP Address:0:0:0:0:0:0:0:1'];

function wantedOf(names: readonly string[], api: readonly string[]): Wanted[] {
  const etcd = '/etc/etcd/pki';
  const pki = '/etc/kubernetes/pki';
  const both = ['sslserver', 'sslclient'] as const;
  return [
    {
      path: `${etcd}/server`,
      subject: 'CN = kube-etcd',
      ca: `${etcd}/ca.crt`,
      purposes: both,
      sans: [...names, ...loopback],
    },
    {
      path: `${etcd}/peer`,
      subject: 'CN = kube-etcd-peer',
      ca: `${etcd}/ca.crt`,
      purposes: both,
      sans: [...names, ...loopback],
    },
    {
      path: `${etcd}/client`,
      subject: 'CN = kube-etcd-healthcheck-client',
      ca: `${etcd}/ca.crt`,
      purposes: ['sslclient'],
      sans: [],
    },
    {
      path: `${pki}/apiserver-etcd-client`,
      subject: 'CN = kube-apiserver-etcd-client',
      ca: `${pki}/etcd/ca.crt`,
      purposes: ['sslclient'],
      sans: [],
    },
    {
      path: `${pki}/apiserver`,
      subject: 'CN = kube-apiserver',
      ca: `${pki}/ca.crt`,
      purposes: ['sslserver'],
      sans: [...names, ...api, ...loopback],
    },
    {
      path: `${pki}/apiserver-kubelet-client`,
      subject: 'CN = kube-apiserver-kubelet-client',
      ca: `${pki}/ca.crt`,
      purposes: ['sslclient'],
      sans: [],
    },
    {
      path: `${pki}/front-proxy-client`,
      subject: 'CN = front-proxy-client',
      ca: `${pki}/front-proxy-ca.crt`,
      purposes: ['sslclient'],
      sans: [],
    },
  ];
}

const serviceNames = [
  'DNS:kubernetes',
  'DNS:kubernetes.default',
  'DNS:kubernetes.default.svc',
  'DNS:kubernetes.default.svc.cluster.local',
];

const controlPlanes = [
  ...[1, 2, 3].map((number) => ({
    key: `ha-stacked/master0${number}`,
    names: [`DNS:master0${number}`, `DNS:master0${number}.mykernel.cn`, `IP Address:172.16.0.10${number}`],
    api: ['DNS:kubernetes-api.mykernel.cn', 'IP Address:10.64.0.1', ...serviceNames],
  })),
  {
    key: 'single/allinone',
    names: ['DNS:allinone', 'IP Address:192.0.2.10'],
    api: ['IP Address:10.96.0.1', ...serviceNames],
  },
];

function openssl(...args: string[]): string {
  return run('openssl', args);
}

function certificateIn(kubeconfig: string): string {
  const [, data = ''] = /client-certificate-data: (\S+)/.exec(kubeconfig) ?? [];
  return Buffer.from(data, 'base64').toString();
}

describe.each(controlPlanes)('certificates of $key, read by OpenSSL', ({ key, names, api }) => {
  test.each(wantedOf(names, api))('$path', ({ path, subject, ca, purposes, sans }) => {
    const { root } = bundle(key);
    const file = join(root, `${path}.crt`);
    expect(openssl('x509', '-in', file, '-noout', '-subject').trim()).toBe(`subject=${subject}`);
    for (const purpose of purposes) {
      expect(
        openssl('verify', '-x509_strict', '-purpose', purpose, '-CAfile', join(root, ca), file),
      ).toContain('OK');
    }
    for (const purpose of (['sslserver', 'sslclient'] as const).filter((one) => !purposes.includes(one))) {
      expect(() => openssl('verify', '-purpose', purpose, '-CAfile', join(root, ca), file)).toThrow();
    }
    const text = openssl('x509', '-in', file, '-noout', '-ext', 'subjectAltName').split('\n')[1] ?? '';
    expect(text.trim().split(', ').filter(Boolean).sort()).toEqual([...sans].sort());
    expect(openssl('x509', '-in', file, '-noout', '-pubkey')).toBe(
      openssl('pkey', '-in', join(root, `${path}.key`), '-pubout'),
    );
  });

  test('kubeconfigs hold the identities of the components', () => {
    const { root, text } = bundle(key);
    const identities = {
      'admin.conf': 'subject=O = system:masters, CN = kubernetes-admin',
      'controller-manager.conf': 'subject=CN = system:kube-controller-manager',
      'scheduler.conf': 'subject=CN = system:kube-scheduler',
    };
    for (const [file, subject] of Object.entries(identities)) {
      const pem = certificateIn(text(`/etc/kubernetes/auth/${file}`));
      expect(run('openssl', ['x509', '-noout', '-subject'], pem).trim()).toBe(subject);
      const path = join(folder, 'one.crt');
      writeFileSync(path, pem);
      expect(
        openssl(
          'verify',
          '-x509_strict',
          '-purpose',
          'sslclient',
          '-CAfile',
          join(root, '/etc/kubernetes/pki/ca.crt'),
          path,
        ),
      ).toContain('OK');
    }
  });
});

describe('least privilege over all bundles', () => {
  const keys = () => [...unpacked.keys()];
  const publicKey = (path: string) => openssl('pkey', '-in', path, '-pubout');

  test('the keys of etcd-ca and of the front-proxy authority are on no host', () => {
    for (const example of ['ha-stacked', 'single']) {
      const store = join(folder, example, 'pki');
      const secret = ['etcd/ca.key', 'front-proxy-ca.key'].map((file) => publicKey(join(store, file)));
      for (const key of keys().filter((one) => one.startsWith(example))) {
        const { root, files } = bundle(key);
        for (const file of files.filter((one) => one.endsWith('.key'))) {
          expect(secret, `${key} ${file}`).not.toContain(publicKey(join(root, file)));
        }
      }
    }
  });

  test('the key of kubernetes-ca is on control planes only', () => {
    const holders = keys().filter((key) => bundle(key).files.includes('/etc/kubernetes/pki/ca.key'));
    expect(holders).toEqual(controlPlanes.map(({ key }) => key));
  });

  test('no administrator and no private key of the control plane on a worker', () => {
    for (const key of keys().filter((one) => one.includes('node'))) {
      const { files, text } = bundle(key);
      const own = files.filter((file) => file.endsWith('.key'));
      expect(own.map((file) => file.replace(/^.*?\/etc\//, '/etc/'))).toEqual([
        '/etc/kubernetes/pki/kubelet.key',
      ]);
      for (const file of files.filter((one) => one.endsWith('.conf') && one.includes('/auth/'))) {
        const pem = certificateIn(text(file));
        if (pem !== '')
          expect(run('openssl', ['x509', '-noout', '-subject'], pem)).not.toContain('system:masters');
      }
      expect(files).not.toContain('/etc/kubernetes/auth/admin.conf');
    }
  });

  test('one service-account key per cluster, and no other key twice', () => {
    const keyFiles = keys()
      .filter((key) => key.startsWith('ha-stacked'))
      .flatMap((key) =>
        bundle(key)
          .files.filter((file) => file.endsWith('.key'))
          .map((file) => ({ key, file })),
      );
    const byPublicKey = new Map<string, string[]>();
    for (const { key, file } of keyFiles) {
      const id = publicKey(join(bundle(key).root, file));
      byPublicKey.set(id, [...(byPublicKey.get(id) ?? []), file]);
    }
    const shared = [...byPublicKey.values()].filter((files) => files.length > 1);
    expect(shared.map((files) => [...new Set(files)].join()).sort()).toEqual([
      '/etc/kubernetes/pki/ca.key',
      '/etc/kubernetes/pki/sa.key',
    ]);
    expect(shared.every((files) => files.length === 3)).toBe(true);
  });
});

describe('what else is in a bundle', () => {
  test('sha256sum finds every sum right, and every file has one', () => {
    for (const key of unpacked.keys()) {
      const { root, files } = bundle(key);
      const top = join(root, '..');
      expect(
        spawnSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: top }).status,
      ).toBe(0);
      const listed = readFileSync(join(top, 'SHA256SUMS'), 'utf8')
        .match(/ {2}(.*)$/gm)
        ?.map((line) => line.slice(2));
      expect(listed?.sort()).toEqual(['manifest', ...files.map((file) => `rootfs${file}`)].sort());
    }
    for (const example of ['ha-stacked', 'single']) {
      const cwd = join(folder, example, 'out');
      expect(spawnSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd }).status).toBe(
        0,
      );
    }
  });

  test('bundles are for their owner only, install.sh is the same everywhere', () => {
    const scripts = new Set<string>();
    for (const key of unpacked.keys())
      scripts.add(readFileSync(join(bundle(key).root, '../install.sh'), 'utf8'));
    expect(scripts.size).toBe(1);
    for (const file of readdirSync(join(folder, 'single/out/bundles'))) {
      expect(statSync(join(folder, 'single/out/bundles', file)).mode & 0o777).toBe(0o600);
    }
  });

  test('modes in the tarball are those of the manifest', () => {
    for (const key of unpacked.keys()) {
      const { root } = bundle(key);
      const manifest = readFileSync(join(root, '../manifest'), 'utf8');
      for (const [, mode, path] of manifest.matchAll(/^file (\S+) \S+ (\S+)/gm)) {
        expect((statSync(join(root, path ?? '')).mode & 0o7777).toString(8).padStart(4, '0'), path).toBe(
          mode,
        );
      }
    }
  });

  test('the review tree holds no private key and no token', () => {
    for (const example of ['ha-stacked', 'single']) {
      const review = join(folder, example, 'out/review');
      const secrets = ['bootstrap-token', 'encryption-key'].map((name) =>
        readFileSync(join(folder, example, 'pki', name), 'utf8').trim(),
      );
      const { stdout } = spawnSync('grep', ['-rlE', `PRIVATE KEY-----|${secrets.join('|')}`, review], {
        encoding: 'utf8',
      });
      expect(stdout).toBe('');
      const encoded = spawnSync('grep', ['-rhoE', 'client-key-data: .*', review], {
        encoding: 'utf8',
      }).stdout;
      expect(encoded).toContain('REDACTED');
      expect(encoded.split('\n').filter((line) => line !== '' && !line.includes('REDACTED'))).toEqual([]);
    }
  });

  test('token.csv and the bootstrap kubeconfig carry the same token', () => {
    const csv = bundle('ha-stacked/master01').text('/etc/kubernetes/token.csv');
    expect(csv).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16},"system:bootstrapper",10001,"system:bootstrappers"\n$/);
    const conf = bundle('ha-stacked/node01').text('/etc/kubernetes/auth/bootstrap.conf');
    expect(/token: "?([a-z0-9.]+)/.exec(conf)?.[1]).toBe(csv.split(',')[0]);
  });
});

describe('units, judged by systemd', () => {
  const systemd = findProgram('systemd-analyze');
  test.skipIf(!canRun('systemd-analyze verify', { 'systemd-analyze': systemd !== undefined }))(
    'systemd-analyze verify',
    () => {
      for (const key of unpacked.keys()) {
        const { root, files } = bundle(key);
        // Stand-ins for binaries, which are the host's: systemd only asks whether they can be run.
        const binaries = mkdtempSync(join(folder, 'units-'));
        const units = files.filter(
          (file) => file.startsWith('/etc/systemd/system/') && file.endsWith('.service'),
        );
        for (const unit of units) {
          const text = readFileSync(join(root, unit), 'utf8').replace(
            /^(ExecStart=)(\/usr\/local\/\w+)/gm,
            `$1${binaries}`,
          );
          writeFileSync(join(binaries, unit.split('/').at(-1) ?? ''), text);
          const [, program = ''] = /^ExecStart=(\S+)/m.exec(text) ?? [];
          writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
        }
        const paths = units.map((unit) => join(binaries, unit.split('/').at(-1) ?? ''));
        const result = spawnSync(systemd ?? '', ['verify', '--man=no', ...paths], { encoding: 'utf8' });
        expect(result.stderr, key).toBe('');
        expect(result.status).toBe(0);
      }
    },
  );

  test('every path that a unit or a flag names is in the bundle, or made on the host', () => {
    const madeOnHost = [
      /^\/etc\/kubernetes\/auth\/kubelet\.conf$/,
      /^\/var\/log\/kubernetes\/audit/,
      /^\/run\//,
      /^\/var\/lib\/hardway$/,
      /^\/usr\/local\/bin\//,
      /^\/etc\/resolv\.conf$/,
      /^\/bin\/sh$/,
      /^\/etc\/cni\//,
      /^\/opt\/cni\//,
    ];
    for (const key of unpacked.keys()) {
      const { root, files, text } = bundle(key);
      const folders = [
        ...readFileSync(join(root, '../manifest'), 'utf8').matchAll(/^dir \S+ \S+ (\S+)/gm),
      ].map((match) => match[1]);
      const sources = files.filter((file) =>
        /\.service$|^\/etc\/(default|kubernetes)\/[a-z-]+$|config\.yaml$/.test(file),
      );
      for (const source of sources) {
        for (const [path] of text(source)
          .replace(/^#.*$/gm, '')
          .matchAll(/(?<![\w:/.])\/(etc|var|usr|run|opt|bin)\/[\w./-]+/g)) {
          const isKnown =
            files.includes(path) || folders.includes(path) || madeOnHost.some((one) => one.test(path));
          expect(isKnown, `${key} ${source} names ${path}`).toBe(true);
        }
      }
    }
  });
});

describe('scripts', () => {
  const scriptsBelow = (folder: string) => readdirSync(folder).map((name) => join(folder, name));
  const shellcheck = findProgram('shellcheck');
  test.skipIf(!canRun('shellcheck', { shellcheck: shellcheck !== undefined }))(
    'shellcheck and bash -n',
    () => {
      const { root } = bundle('single/allinone');
      for (const script of [join(root, '../install.sh'), ...scriptsBelow(join(root, 'usr/local/sbin'))]) {
        expect(run(shellcheck ?? '', ['--norc', script])).toBe('');
        run('bash', ['-n', script]);
      }
    },
  );
});

describe('real Kubernetes v1.20.2 binaries', () => {
  const binaries = kubeBinaries();
  const ok = canRun('kubeadm and kubectl v1.20.2', { KUBE_BIN_DIR: binaries !== undefined });

  /** The pki folder of a control plane, laid out as kubeadm keeps it for a stacked etcd. */
  function kubeadmPki(): string {
    const { root } = bundle('single/allinone');
    const pki = join(folder, 'kubeadm-pki');
    run('cp', ['-r', join(root, '/etc/kubernetes/pki'), pki]);
    for (const [from, to] of Object.entries({
      server: 'server',
      peer: 'peer',
      client: 'healthcheck-client',
    })) {
      for (const ending of ['crt', 'key'])
        run('cp', [join(root, `/etc/etcd/pki/${from}.${ending}`), join(pki, `etcd/${to}.${ending}`)]);
    }
    return pki;
  }

  test.skipIf(!ok)('kubeadm accepts every certificate and makes none anew', () => {
    const pki = kubeadmPki();
    const config = join(folder, 'kubeadm.yaml');
    writeFileSync(
      config,
      `apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
nodeRegistration: { name: allinone, criSocket: /run/none }
localAPIEndpoint: { advertiseAddress: 192.0.2.10 }
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v1.20.2
certificatesDir: ${pki}
networking: { serviceSubnet: 10.96.0.0/12, dnsDomain: cluster.local }
`,
    );
    const sums = () => run('bash', ['-c', `cd ${pki} && find . -type f | sort | xargs sha256sum`]);
    const before = sums();
    const output = run(`${binaries}/kubeadm`, ['init', 'phase', 'certs', 'all', '--config', config]);
    expect(output).not.toMatch(/Generating "(?!sa)/);
    expect(output.match(/Using existing/g)?.length).toBeGreaterThanOrEqual(10);
    expect(sums()).toBe(before);
  });

  test.skipIf(!ok)('kubeadm certs check-expiration reads them', () => {
    const pki = join(folder, 'kubeadm-pki');
    const output = run(`${binaries}/kubeadm`, [
      'certs',
      'check-expiration',
      '--cert-dir',
      existsSync(pki) ? pki : kubeadmPki(),
    ]);
    for (const name of ['apiserver ', 'apiserver-etcd-client', 'etcd-peer', 'front-proxy-client']) {
      expect(output).toMatch(new RegExp(`^${name}.*36[45]d`, 'm'));
    }
  });

  test.skipIf(!ok)('kubectl reads every kubeconfig', () => {
    for (const key of unpacked.keys()) {
      const { root, files } = bundle(key);
      for (const file of files.filter((one) => one.startsWith('/etc/kubernetes/auth/'))) {
        const view = run(`${binaries}/kubectl`, [
          'config',
          'view',
          '--minify',
          '--flatten',
          `--kubeconfig=${join(root, file)}`,
        ]);
        expect(view).toContain('certificate-authority-data');
      }
    }
  });
});
