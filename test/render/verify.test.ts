/** `hardway verify` on the bundles of a real render, whole and damaged. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hardway, projectRoot, render, temporaryFolder } from '../support/cli.ts';
import { differences, treeOf } from '../support/tree.ts';

const folder = temporaryFolder('verify');
const copy = join(folder, 'copy');
let out = '';
let said = '';

beforeAll(() => {
  ({ out, stdout: said } = render('examples/ha-stacked.yaml', folder));
});
beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(out, copy, { recursive: true });
});

const bundle = (host: string) => join(copy, 'bundles', `${host}.tar.gz`);
const run = (...args: readonly string[]) => hardway(['verify', copy, ...args]);
const findings = () => {
  const { status, stdout } = run('--format', 'json');
  const { findings: found } = JSON.parse(stdout) as {
    findings: { check: string; host: string; file: string | null; line: number | null }[];
  };
  return { status, found: found.map(({ check, host, file }) => `${check} ${host} ${file ?? '-'}`) };
};

/** Unpacks a bundle, changes what is in it, and packs it again as an operator's tar does. */
function repack(host: string, change: (root: string) => void): void {
  const at = join(copy, 'unpacked');
  mkdirSync(at);
  spawnSync('tar', ['-xzf', bundle(host), '-C', at]);
  change(join(at, host));
  spawnSync('tar', ['-czf', bundle(host), '-C', at, '--owner=0', '--group=0', host]);
  rmSync(join(copy, 'SHA256SUMS'));
}

test('a render says what was verified, and verify agrees', () => {
  expect(said).toMatch(/verified: the bundles agree with one another \(\d+ checks of files/);
  const { status, stdout, stderr } = run();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^6 bundles, \d+ checks: nothing found\n$/);
  expect(run('--quiet')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(hardway(['verify', join(copy, 'bundles')])).toMatchObject({ status: 0, stdout });
});

describe('--keys', () => {
  test('names every private key, and who needs it; no key is shown', () => {
    const { stdout } = run('--keys');
    expect(stdout).toMatch(/^master01 +\S+\/ca\.key +kubernetes-ca +--cluster-signing-key-file of/m);
    expect(stdout).toMatch(
      /^node01 +\S+\/kube-proxy\.conf +kube-proxy +the field clientConnection\.kubeconfig/m,
    );
    expect(stdout).not.toMatch(/^node\d+ .*(?:admin|ca\.key|sa\.key)/m);
    expect(stdout).not.toMatch(/BEGIN|[A-Za-z0-9+/]{80}/);
    const { keys } = JSON.parse(run('--format', 'json').stdout) as { keys: { why: string }[] };
    expect(keys.length).toBeGreaterThan(30);
    expect(keys.filter(({ why }) => why === '')).toEqual([]);
  });
});

describe('what is damaged', () => {
  test('a bundle that is cut off: the rest waits for it', () => {
    writeFileSync(bundle('node02'), readFileSync(bundle('node02')).subarray(0, 900));
    expect(findings()).toEqual({ status: 1, found: ['sums-match node02 -', 'bundle-readable node02 -'] });
    expect(run().stderr).toMatch(/not checked against one another until all of them can be read/);
  });

  test('a bundle that is missing', () => {
    rmSync(bundle('node02'));
    expect(findings()).toEqual({ status: 1, found: ['sums-match node02 -'] });
  });

  test('a bundle of another host', () => {
    cpSync(bundle('node01'), bundle('node02'));
    const { status, found } = findings();
    expect(status).toBe(1);
    expect(found).toContain('bundle-readable node02 -');
  });

  test('a file that was changed after the render', () => {
    repack('master02', (root) => {
      const file = join(root, 'rootfs/etc/kubernetes/apiserver');
      writeFileSync(file, readFileSync(file, 'utf8').replace('--secure-port=6443', '--secure-port=6444'));
    });
    const { status, found } = findings();
    expect(status).toBe(1);
    for (const check of ['sums-match', 'ports-asked-for'])
      expect(found).toContain(`${check} master02 /etc/kubernetes/apiserver`);
  });

  test('a file more, and one less', () => {
    repack('node03', (root) => {
      writeFileSync(join(root, 'rootfs/etc/kubernetes/extra'), '');
      rmSync(join(root, 'rootfs/etc/kubernetes/kubelet'));
    });
    const { found } = findings();
    expect(found).toContain('manifest-right node03 /etc/kubernetes/extra');
    expect(found).toContain('manifest-right node03 manifest');
  });

  test('a bundle of another render', () => {
    const other = render('examples/ha-stacked.yaml', join(folder, 'other'));
    cpSync(join(other.out, 'bundles/node01.tar.gz'), bundle('node01'));
    rmSync(join(copy, 'SHA256SUMS'));
    const { found } = findings();
    expect(found).toContain('one-render node01 manifest');
    expect(found).toContain('authorities-agree node01 /etc/kubernetes/pki/ca.crt');
  });
});

test('a render whose bundles do not verify is refused, and the old output stays', () => {
  const preload = join(folder, 'later.mjs');
  // The clock leaps before the first host is verified: by then, all certificates have expired.
  writeFileSync(
    preload,
    `import { performance } from 'node:perf_hooks';
     const [mark, Now] = [performance.mark.bind(performance), Date];
     let leap = 0;
     performance.mark = (name, ...rest) => {
       if (name === 'bundles') leap = 200 * 365 * 86_400_000;
       return mark(name, ...rest);
     };
     globalThis.Date = class extends Now {
       constructor(...args) {
         super(...(args.length === 0 ? [Now.now() + leap] : args));
       }
     };`,
  );
  const inventory = join(projectRoot, 'examples/ha-stacked.yaml');
  const before = treeOf(folder);
  const { status, stdout, stderr } = hardway(
    ['render', inventory, '--out', out, '--pki-dir', join(folder, 'pki')],
    { env: { NODE_OPTIONS: `--import ${pathToFileURL(preload).href}` } },
  );
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  expect(stderr).toMatch(/^error\[certificates-valid\]: master01 .*: the certificate \S+ expired at/m);
  expect(stderr).toMatch(
    /^hardway: the bundles contradict themselves in \d+ places; the output folder is as it was\n {2}fix: /m,
  );
  expect(differences(before, treeOf(folder))).toEqual([]);
});

test.each([['nowhere'], [join('examples')], ['-']])('%s holds no bundles', (where) => {
  const { status, stdout, stderr } = hardway(['verify', where]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^hardway: .*: there (?:is no such folder|are no bundles)\n {2}fix: /);
});
