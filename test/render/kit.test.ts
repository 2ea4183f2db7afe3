/** `hardway kit`: a cluster of two architectures, with official files made small and images of a layout. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { publish, writeLockBeside } from '../support/binaries.ts';
import { hardway, temporaryFolder } from '../support/cli.ts';
import { clusterOf, fiveHosts } from '../support/clusters.ts';
import { digestOf, makeImage, writeLayout } from '../support/oci.ts';
import { run } from '../support/requirements.ts';
import { modeOf, treeOf } from '../support/tree.ts';

const folder = temporaryFolder('kit');
const inventory = join(folder, 'inventory.yaml');
const kit = join(folder, 'kit');
const program = join(folder, 'program');
const hosts = fiveHosts
  .replace('w2, address: 192.0.2.5,', 'w2, arch: arm64, address: 192.0.2.5,')
  .replace(
    'w1, address: 192.0.2.4,',
    'w1, address: 192.0.2.4, ssh: { user: deploy, port: 2222, identityFile: ~/.ssh/site },',
  );
const settings =
  'kubernetes: { version: 1.20.2 }\naddons: { flannel: false, coredns: false }\nruntime: { sandboxImage: registry.test/pause:1 }';
const pause = makeImage(Buffer.alloc(1024), ['amd64', 'arm64']);
const args = (...further: readonly string[]) => [
  'kit',
  inventory,
  '--out',
  kit,
  '--binaries-dir',
  join(folder, 'cache'),
  '--images-cache',
  join(folder, 'images-cache'),
  '--from',
  join(folder, 'layout'),
  ...further,
];
const env = { XDG_CACHE_HOME: join(folder, 'xdg') };

beforeAll(() => {
  // What it says of binaries does not count in a kit.
  writeFileSync(
    inventory,
    ['apiVersion: hardway/v1', settings, 'binaries: { source: host }', hosts].join('\n'),
  );
  writeLayout(join(folder, 'layout'), { 'registry.test/pause:1': pause, 'registry.test/app:1': pause });
  writeFileSync(program, 'the single file\n');
});

it('wants the official files first, and says how to get them', () => {
  const { status, stderr } = hardway(args(), { env });
  expect(status).toBe(2);
  expect(stderr).toContain('missing-binaries');
  expect(stderr).toContain(`hardway binaries fetch ${inventory}`);
});

describe('a kit', () => {
  let summary: { binaries: { archive: string }[]; images: { archive: string; sha256: string }[] };

  beforeAll(() => {
    writeLockBeside(
      inventory,
      publish(clusterOf(settings, 'binaries: { source: bundle }', hosts), join(folder, 'cache')),
    );
    const made = hardway(args('--image', 'registry.test/app:1', '--program', program, '--format', 'json'), {
      env,
    });
    expect(made.status, made.stderr).toBe(0);
    summary = JSON.parse(made.stdout);
  });

  it('holds bundles, binaries, images, sums of everything, a how-to and the command', () => {
    const names = Object.keys(treeOf(kit));
    expect(names.filter((name) => !name.startsWith('review/'))).toEqual([
      '.gitignore',
      'HOWTO.txt',
      'SHA256SUMS',
      'binaries/',
      'binaries/control-plane-amd64.tar.gz',
      'binaries/etcd-amd64.tar.gz',
      'binaries/worker-amd64.tar.gz',
      'binaries/worker-arm64.tar.gz',
      'bundles/',
      'bundles/m1.tar.gz',
      'bundles/m2.tar.gz',
      'bundles/m3.tar.gz',
      'bundles/w1.tar.gz',
      'bundles/w2.tar.gz',
      'hardway',
      'images/',
      'images/images-amd64.tar',
      'images/images-arm64.tar',
      'report.html',
    ]);
    run('sh', ['-c', `cd ${kit} && sha256sum --check --strict --quiet SHA256SUMS`]);
    const sums = readFileSync(join(kit, 'SHA256SUMS'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.slice(66));
    expect(sums).toEqual(names.filter((name) => !name.endsWith('/') && name !== 'SHA256SUMS'));
    expect(modeOf(join(kit, 'hardway'))).toBe('0755');
    expect(modeOf(join(kit, 'bundles'))).toBe('0700');
    expect(summary.binaries).toHaveLength(4);
  });

  it('tells the bundles of hosts that run pods what is in the archives', () => {
    const statements = (host: string) =>
      readFileSync(join(kit, 'review', host, 'manifest'), 'utf8')
        .split('\n')
        .filter((line) => /^(images?|archive) /.test(line));
    const arm = summary.images.find(({ archive }) => archive.endsWith('arm64.tar'));
    expect(statements('w2')).toEqual([
      expect.stringMatching(/^archive worker-arm64\.tar\.gz /),
      `images images-arm64.tar ${arm?.sha256}`,
      `image registry.test/app:1 ${pause.manifests[1]?.digest}`,
      `image registry.test/pause:1 ${pause.manifests[1]?.digest}`,
    ]);
    expect(digestOf(readFileSync(join(kit, 'images/images-arm64.tar')))).toBe(`sha256:${arm?.sha256}`);
    expect(statements('m1').filter((line) => line.startsWith('image'))).toEqual([]);
  });

  it('says on every host what to copy and what to run', () => {
    const howto = readFileSync(join(kit, 'HOWTO.txt'), 'utf8');
    expect(howto).toContain(
      'scp bundles/w2.tar.gz binaries/worker-arm64.tar.gz images/images-arm64.tar root@192.0.2.5:\n',
    );
    expect(howto).toContain("ssh root@192.0.2.5 'tar -xzf w2.tar.gz && cd w2 && ./install.sh'\n");
    expect(howto).toContain(
      'scp bundles/m1.tar.gz binaries/etcd-amd64.tar.gz binaries/control-plane-amd64.tar.gz root@192.0.2.1:\n',
    );
    expect(howto).toContain(
      'cd /mnt && cp bundles/w1.tar.gz binaries/worker-amd64.tar.gz images/images-amd64.tar /root/\n',
    );
    // As the inventory's ssh settings say: not root, hence through sudo.
    expect(howto).toMatch(/scp -i '?~\/\.ssh\/site'? -P 2222 bundles\/w1\.tar\.gz .* deploy@192\.0\.2\.4:\n/);
    expect(howto).toMatch(
      /ssh -i '?~\/\.ssh\/site'? -p 2222 deploy@192\.0\.2\.4 'tar -xzf w1\.tar\.gz && cd w1 && sudo \.\/install\.sh'\n/,
    );
    for (const [line] of howto.matchAll(/^ {2}(?:scp|cp|ssh|cd) .*$/gm)) run('bash', ['-n', '-c', line]);
  });

  it('is compared as a kit: nothing differs until the inventory changes, and then images that it lacks', () => {
    const diff = (file: string) =>
      hardway(['diff', file, '--out', kit, '--binaries-dir', join(folder, 'cache')], { env });
    expect(diff(inventory)).toMatchObject({ status: 0 });
    const changed = join(folder, 'changed.yaml');
    writeFileSync(changed, readFileSync(inventory, 'utf8').replace('pause:1 }', 'pause:2 }'));
    const { status, stdout } = diff(changed);
    expect(status).toBe(1);
    expect(stdout).toContain('+image registry.test/pause:2 saved-by-the-kit');
    expect(stdout).not.toContain('-image registry.test/app:1');
    expect(stdout).not.toMatch(/[-+]archive /);
  });

  it('is the same byte for byte when it is made again, and a render does not take it for its own rubbish', () => {
    const before = treeOf(kit);
    expect(hardway(args('--image', 'registry.test/app:1', '--program', program), { env })).toMatchObject({
      status: 0,
    });
    expect(treeOf(kit)).toEqual(before);
    mkdirSync(join(kit, 'notes'));
    const refused = hardway(args(), { env });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('"notes", which hardway did not write');
  });
});

it('that cannot be made leaves nothing behind', () => {
  const { status, stderr } = hardway(
    [...args('--image', 'registry.test/none:1').map((arg) => (arg === kit ? join(folder, 'other') : arg))],
    { env },
  );
  expect(status).toBe(3);
  expect(stderr).toContain('does not have registry.test/none:1');
  expect(() => statSync(join(folder, 'other'))).toThrow('ENOENT');
});
