/** Manifests of the operator's own, from their files to bundles, through the built command; and what is told of addons. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { hardway, temporaryFolder } from '../support/cli.ts';
import { run } from '../support/requirements.ts';

const folder = temporaryFolder('addons');
const inventory = (extra: string, version = '1.20.2') => `apiVersion: hardway/v1
kubernetes: { version: ${version} }
addons:
  extra:
    - ${extra}
hosts:
  - { name: cp, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: w, address: 192.0.2.2, roles: [worker] }
`;
const secret = `# hunter2
apiVersion: v1
kind: Secret
metadata: { name: db }
stringData: { password: hunter2 }
`;
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: apps }
spec: { template: { spec: { containers: [{ name: a, image: "example/app:1" }] } } }
`;
const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n';

beforeEach(() => {
  rmSync(join(folder, 'clusters'), { recursive: true, force: true });
  mkdirSync(join(folder, 'clusters/own'), { recursive: true });
  give('own/db.yaml', secret);
  give('own/app+1.yml', deployment);
  writeFileSync(join(folder, 'clusters/inventory.yaml'), inventory('own/db.yaml\n    - own/app+1.yml'));
});

function give(name: string, text: string): void {
  writeFileSync(join(folder, 'clusters', name), text);
}

function command(name: string, ...options: readonly string[]) {
  return hardway([name, 'clusters/inventory.yaml', ...options], { cwd: folder });
}

describe('rendered', () => {
  let stdout = '';
  beforeEach(() => {
    const result = command('render', '--quiet');
    expect(result).toMatchObject({ status: 0, stderr: '' });
    stdout = result.stdout;
  });
  const paths = ['/etc/kubernetes/addons/50-001-db.yaml', '/etc/kubernetes/addons/50-002-app-1.yaml'];

  test('control planes get the files as they are, for root alone, in their order; workers get none', () => {
    const to = join(folder, 'unpacked');
    mkdirSync(to, { recursive: true });
    for (const host of ['cp', 'w'])
      run('tar', ['-xzf', join(folder, `out/bundles/${host}.tar.gz`), '-C', to]);
    const read = (path: string) => readFileSync(join(to, 'cp/rootfs', path), 'utf8');
    expect(paths.map(read)).toEqual([secret, deployment]);
    const manifest = readFileSync(join(to, 'cp/manifest'), 'utf8');
    expect(manifest.match(/^file .*\/50-.*$/gm)).toEqual(
      paths.map((path) => `file 0600 root:root ${path} kube-addons.service`),
    );
    expect(existsSync(join(to, 'w/rootfs/etc/kubernetes/addons'))).toBe(false);
    const root = join(folder, 'root');
    mkdirSync(join(root, 'etc'), { recursive: true });
    expect(run('bash', [join(to, 'cp/install.sh'), '--root', root, '--dry-run'])).toContain(paths[0]);
  });

  test('values of Secrets are nowhere but in the bundles', () => {
    const [path = '', other = ''] = paths.map((one) => join(folder, 'out/review/cp/rootfs', one));
    expect(readFileSync(path, 'utf8')).toContain('password: REDACTED');
    expect(readFileSync(other, 'utf8')).toBe(deployment);
    const open = ['out/review', 'out/report.html', 'out/SHA256SUMS'].map((name) => join(folder, name));
    expect(run('sh', ['-c', 'grep -rlF hunter2 "$@" || true', '-', ...open])).toBe('');
    const printed = [
      stdout,
      ...['addons', 'validate'].map((name) => command(name, '--format', 'json').stdout),
    ];
    expect([...printed, command('addons', '--manifests').stdout].join('')).not.toContain('hunter2');
  });

  test('twice, the bytes are the same', () => {
    const sums = () => readFileSync(join(folder, 'out/SHA256SUMS'), 'utf8');
    const before = sums();
    expect(command('render').status).toBe(0);
    expect(sums()).toBe(before);
  });
});

describe('hardway addons', () => {
  test('lists what is applied, in its order', () => {
    const { stdout, status } = command('addons', '--format', 'json');
    const { addons } = JSON.parse(stdout) as { addons: { name: string; version: string | null }[] };
    expect(status).toBe(0);
    expect(addons.map(({ name, version }) => [name, version])).toEqual([
      ['rbac', null],
      ['pod-security-policy', null],
      ['flannel', '0.22.3'],
      ['coredns', '1.7.0'],
      ['own/db.yaml', null],
      ['own/app+1.yml', null],
    ]);
    expect(addons.at(-1)).toEqual({
      name: 'own/app+1.yml',
      version: null,
      path: '/etc/kubernetes/addons/50-002-app-1.yaml',
      images: ['example/app:1'],
      objects: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          namespace: 'apps',
          name: 'app',
          images: ['example/app:1'],
        },
      ],
    });
  });

  test('says the same to people', () => {
    const { stdout } = command('addons');
    expect(stdout).toContain(
      'own/app+1.yml\n  file     /etc/kubernetes/addons/50-002-app-1.yaml\n  images   example/app:1\n  objects  Deployment apps/app\n',
    );
    expect(stdout).toContain('coredns 1.7.0\n  file     /etc/kubernetes/addons/30-coredns.yaml\n');
  });

  test('prints the manifests as one stream', () => {
    const { stdout } = command('addons', '--manifests');
    const kinds = stdout.match(/^kind: .*$/gm);
    expect(kinds?.at(-1)).toBe('kind: Deployment');
    expect(stdout.split(/^---$/m)).toHaveLength(kinds?.length ?? 0);
    expect(
      JSON.parse(command('addons', '--manifests', '--format', 'json').stdout).addons[2].manifest,
    ).toContain('kind: DaemonSet');
  });

  test('tells images of addons to those who list images', () => {
    const { stdout } = hardway(['images', 'list', 'clusters/inventory.yaml'], { cwd: folder });
    expect(stdout).toMatch(/^docker\.io\/example\/app:1 .*own\/app\+1\.yml/m);
  });

  test('names no addon that is switched off', () => {
    const text = inventory('own/db.yaml').replace(
      'addons:\n',
      'addons:\n  flannel: false\n  coredns: false\n',
    );
    writeFileSync(join(folder, 'clusters/inventory.yaml'), text);
    expect(command('addons').stdout.match(/^\S+/gm)).toEqual(['rbac', 'pod-security-policy', 'own/db.yaml']);
  });
});

describe('a manifest that is not as it should be is told at its line', () => {
  const cases: readonly (readonly [string, string | undefined, string, string, string?])[] = [
    ['is missing', undefined, 'unreadable-file', 'cannot read "clusters/own/x.yaml": there is no such file'],
    ['is larger than all', 'x'.repeat(5_000_000), 'unreadable-file', 'it is larger than 4 MiB'],
    ['is no YAML', 'a: [', 'invalid-manifest', '"clusters/own/x.yaml", line 1, is not valid YAML'],
    ['holds a NUL', 'a: \0', 'invalid-manifest', 'line 1, holds the character U+0000'],
    ['lacks a name', configMap.replace(/metadata.*/, ''), 'invalid-manifest', 'line 1, lacks metadata.name'],
    [
      'says a thing twice',
      `${configMap}---\n${configMap}`,
      'duplicate-object',
      'line 5, describes ConfigMap a, as "clusters/own/x.yaml", line 1 does',
    ],
    [
      "describes what is hardway's",
      configMap.replace('name: a', 'name: coredns, namespace: kube-system'),
      'duplicate-object',
      "describes ConfigMap kube-system/coredns, as hardway's own addon coredns does",
    ],
    [
      'describes a policy of pods again',
      'apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: { name: hardway-baseline }\n',
      'duplicate-object',
      "describes PodSecurityPolicy hardway-baseline, as hardway's own addon pod-security-policy does",
    ],
    [
      'asks for an API that is gone',
      'apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: { name: a }\n',
      'version-mismatch',
      'has a PodDisruptionBudget of policy/v1beta1, which Kubernetes has not served since 1.25',
      '"1.25"',
    ],
    [
      'would be refused by 1.20',
      'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { ports: [{ port: 80 }] }\n',
      'version-mismatch',
      'has Service a with a port without protocol, which server-side apply of Kubernetes 1.20 refuses',
    ],
  ];
  test.each(cases)('one that %s', (_, text, code, message, version) => {
    if (text !== undefined) give('own/x.yaml', text);
    writeFileSync(join(folder, 'clusters/inventory.yaml'), inventory('own/x.yaml', version));
    const { status, stderr } = command('validate');
    expect(stderr).toContain(`clusters/inventory.yaml:5:7: error[${code}]`);
    expect(stderr).toContain(message);
    expect(stderr).toContain('  fix: ');
    expect(stderr.match(/(error|warning)\[/g)).toHaveLength(1);
    expect(status).toBe(2);
    for (const name of ['render', 'addons']) expect(command(name).status).toBe(2);
  });

  test('a folder is no manifest', () => {
    writeFileSync(join(folder, 'clusters/inventory.yaml'), inventory('own'));
    const { stderr, status } = command('validate');
    expect(status).toBe(2);
    expect(stderr).toContain('fix: name each of its files');
  });

  test('all of them at once', () => {
    give('own/x.yaml', 'kind: a\n---\nhello\n');
    writeFileSync(join(folder, 'clusters/inventory.yaml'), inventory('own/x.yaml\n    - own/none.yaml'));
    expect(command('validate').stderr.match(/error\[/g)).toHaveLength(5);
  });

  test('the same words are right in later versions', () => {
    give(
      'own/x.yaml',
      'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { ports: [{ port: 80 }] }\n',
    );
    writeFileSync(join(folder, 'clusters/inventory.yaml'), inventory('own/x.yaml', '"1.21"'));
    expect(command('validate')).toMatchObject({ status: 0, stderr: '' });
  });

  test('names on hosts stay in their folder and their order', () => {
    const names = ['own/..yaml', 'own/a.b.json', '~/x.yaml'];
    writeFileSync(join(folder, 'clusters/inventory.yaml'), inventory(names.join('\n    - ')));
    give('own/..yaml', configMap);
    give('own/a.b.json', configMap.replace('name: a', 'name: b'));
    give('x.yaml', configMap.replace('name: a', 'name: c'));
    const result = hardway(['addons', 'clusters/inventory.yaml', '--format', 'json'], {
      cwd: folder,
      env: { HOME: join(folder, 'clusters') },
    });
    const { addons } = JSON.parse(result.stdout) as { addons: { path: string }[] };
    expect(addons.slice(-3).map(({ path }) => path.replace('/etc/kubernetes/addons/', ''))).toEqual([
      '50-001-..yaml',
      '50-002-a.b.yaml',
      '50-003-x.yaml',
    ]);
  });
});
