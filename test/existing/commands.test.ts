/** `hardway audit --dir` and `hardway import` as a user runs them. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failureJson, failureOf, failureText } from '../../src/cli/failure.ts';
import { type AuditOptions, audit } from '../../src/commands/audit.ts';
import { importCluster } from '../../src/commands/import.ts';
import { memoryIo } from '../support/io.ts';
import { temporaryFolder, writeFiles, writeHosts } from './folder.ts';
import { kubeasz } from './layouts.ts';

const hosts = kubeasz();
const folder = writeHosts(temporaryFolder(), hosts);

const common = {
  inventory: 'inventory.yaml',
  quiet: false,
  profile: 'all',
  out: 'out',
  pkiDir: undefined,
} as const;

async function run(options: Partial<AuditOptions>) {
  const io = memoryIo();
  const given = { ...common, dir: folder, format: 'text', kubernetesVersion: '1.28.2', ...options } as const;
  try {
    const status = await audit(given, io);
    return { status, output: io.output(), errors: io.errors() };
  } catch (error) {
    const failure = failureOf(error);
    return { status: failure.status, output: io.output(), errors: `${io.errors()}${failureText(failure)}` };
  }
}

/** Every private key and every base64 of one, as they could slip into an output. */
const secrets = Object.values(hosts).flatMap((files) =>
  Object.values(files).flatMap((content) => [
    ...(content.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.+)\n/)?.slice(1) ?? []),
    ...(content.match(/client-key-data: (\S+)/)?.slice(1) ?? []),
  ]),
);

describe('audit --dir', () => {
  test.each(['text', 'json', 'sarif', 'junit', 'html'] as const)(
    'as %s finds defects and shows no secret',
    async (format) => {
      const { status, output } = await run({ format });
      expect(status).toBe(1);
      expect(output).toContain('authority-shared');
      expect(secrets.length).toBeGreaterThan(10);
      for (const secret of secrets) expect(output).not.toContain(secret.slice(0, 40));
    },
  );

  test('says what it takes for granted, and that no waiver counts', async () => {
    const { errors } = await run({ kubernetesVersion: undefined });
    expect(errors).toMatch(/^note: Kubernetes 1\.\d+: taken for granted: .*--kubernetes-version sets it$/m);
    expect(errors).toMatch(/waivers stand in an inventory/);
    expect((await run({ quiet: true })).errors).toBe('');
  });

  test('leads SARIF to the files of the tree', async () => {
    const [result] = JSON.parse((await run({ format: 'sarif' })).output).runs[0].results;
    expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe(
      `file://${folder}/master-01/etc/kubernetes/ssl/ca.pem`,
    );
  });

  test('with the profile of the benchmark has its checks alone', async () => {
    const { checks, benchmark } = JSON.parse((await run({ format: 'json', profile: 'cis' })).output);
    expect(benchmark).toBe('cis-1.10');
    expect(checks.filter(({ benchmarkId }: { benchmarkId: string | null }) => benchmarkId === null)).toEqual(
      [],
    );
  });

  test.each([
    ['a folder that is not there', { dir: join(folder, 'missing') }, /there is no such folder\n {2}fix: /],
    ['an inventory beside it', { inventory: 'other.yaml' }, /an inventory or of a folder/],
    ['a version that is none', { kubernetesVersion: 'new' }, /is no version/],
    ['a version without it', { dir: undefined }, /--kubernetes-version is for --dir/],
  ] as const)('refuses %s', async (_name, options, message) => {
    const { status, errors, output } = await run(options);
    expect(status).toBe(2);
    expect(errors).toMatch(message);
    expect(output).toBe('');
  });

  test('refuses hosts on which no daemon is found', async () => {
    const empty = temporaryFolder();
    writeFiles(empty, { '/a/etc/kubernetes/note.txt': 'nothing' });
    const { status, errors } = await run({ dir: empty });
    expect(status).toBe(2);
    expect(errors).toMatch(/no daemon of Kubernetes and no etcd/);
  });
});

test('an alias bomb, a nest without end and a value that holds itself are files that cannot be read', async () => {
  const tree = temporaryFolder();
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [index, name] of [...'bcdefghi'].entries())
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(', ')}]`);
  writeHosts(tree, hosts);
  writeFiles(join(tree, 'master-01'), {
    '/etc/kubernetes/manifests/bomb.yaml': `${bomb.join('\n')}\n`,
    '/etc/kubernetes/manifests/deep.yaml': `a: ${'['.repeat(20_000)}\n`,
    '/etc/kubernetes/manifests/self.yaml': 'a: &a { b: *a }\n',
  });
  const { status, errors, output } = await run({ dir: tree });
  expect(status).toBe(1);
  expect(output).toContain('authority-shared');
  for (const name of ['bomb', 'deep', 'self'])
    expect(errors).toMatch(
      new RegExp(`^note: master-01: /etc/kubernetes/manifests/${name}.yaml cannot be read`, 'm'),
    );
});

test.each([
  ['host-tree', join(folder, 'missing'), '1.28.2'],
  ['argument', undefined, '1.28.2'],
  ['argument', folder, 'new'],
])('import ends with %s in the form of diagnostics', (code, path, kubernetesVersion) => {
  const io = memoryIo();
  const failures: unknown[] = [];
  try {
    importCluster({ path, kubernetesVersion, format: 'json', quiet: false }, io);
  } catch (error) {
    failures.push(error);
  }
  const failure = failureOf(failures[0]);
  expect(failure.status).toBe(2);
  expect(JSON.parse(failureJson(failure))).toMatchObject([{ code, severity: 'error', file: null }]);
  expect(`${io.output()}${io.errors()}`).toBe('');
});

test('users and passwords in URLs are in no output', async () => {
  const treeWith = ({ withEtcd }: { withEtcd: boolean }) => {
    const changed = Object.entries(hosts).map(([name, files]) => [
      name,
      Object.fromEntries(
        Object.entries(files)
          .filter(([path]) => withEtcd || !path.includes('etcd'))
          .map(([path, text]) => [
            path,
            text
              .replace(
                '--etcd-servers=https://',
                `--etcd-servers=${withEtcd ? 'http' : 'https'}://root:hunter2@192.0.2.1:2379,https://root:hunter2@`,
              )
              .replace(
                '--secure-port=6443',
                '--secure-port=6443 --oidc-issuer-url=https://root:hunter2@oidc.example',
              ),
          ]),
      ),
    ]);
    return writeHosts(temporaryFolder(), Object.fromEntries(changed));
  };
  const tree = treeWith({ withEtcd: true });
  for (const format of ['text', 'json', 'sarif', 'junit', 'html'] as const) {
    const { output, errors } = await run({ dir: tree, format });
    expect(output).toContain('etcd-url-plaintext');
    expect(`${output}${errors}`).not.toContain('hunter2');
  }
  for (const format of ['text', 'json'] as const) {
    const io = memoryIo();
    expect(
      importCluster(
        { path: treeWith({ withEtcd: false }), kubernetesVersion: '1.28.2', format, quiet: false },
        io,
      ),
    ).toBe(1);
    expect(io.output()).toContain('a user and a password stand in its URL');
    expect(io.errors()).toMatch(/left out:[\s\S]*oidc-issuer-url/);
    expect(`${io.output()}${io.errors()}`).not.toContain('hunter2');
  }
});
