/** `hardway images save` against a real registry, and its archives read by tar. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnHardway, temporaryFolder } from '../support/cli.ts';
import { digestOf, dockerTypes, makeImage, pushImage, type TestImage, writeLayout } from '../support/oci.ts';
import { type RealRegistry, startRegistry } from '../support/registry.ts';
import { canRun, findProgram } from '../support/requirements.ts';

const folder = temporaryFolder('images');
const both = ['amd64', 'arm64'];
// One in the format of OCI, one in that of Docker, one for a single architecture.
const images: Readonly<Record<string, TestImage>> = {
  'pause:3.2': makeImage(tarOf('pause'), both, { types: dockerTypes }),
  'coredns:1.7.0': makeImage(tarOf('coredns'), both),
  'tools/shell:1': makeImage(tarOf('shell'), ['amd64']),
};

function tarOf(text: string): Buffer {
  const source = join(folder, `layer-${text}`);
  mkdirSync(source);
  writeFileSync(join(source, 'file'), text);
  return execFileSync('tar', [
    '-C',
    source,
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '-cf',
    '-',
    'file',
  ]);
}

function inventory(name: string, mirror: string, architectures: readonly string[] = both): string {
  const path = join(folder, name);
  const hosts = architectures.map(
    (arch, index) =>
      `  - { name: node0${index}, address: 192.0.2.1${index}, roles: [${index === 0 ? 'etcd, control-plane, ' : ''}worker], arch: ${arch} }\n`,
  );
  const text = `apiVersion: hardway/v1\nkubernetes: { version: "1.20.2" }\naddons: { flannel: false }\nruntime: { registryMirrors: { registry.k8s.io: ['${mirror}'] } }\nhosts:\n${hosts.join('')}`;
  writeFileSync(path, text);
  return path;
}

const options = (out: string) => [
  '--quiet',
  '--format',
  'json',
  '--images-cache',
  join(folder, 'cache'),
  '--out',
  join(folder, out),
];

describe.skipIf(
  !canRun('images save', {
    'docker-registry (Debian: docker-registry)': findProgram('docker-registry') !== undefined,
  }),
)('from a real registry', () => {
  let registry: RealRegistry;
  let file = '';

  beforeAll(async () => {
    registry = await startRegistry(folder);
    for (const [name, image] of Object.entries(images)) {
      const [repository = '', tag = ''] = name.split(':');
      await pushImage(registry.url, repository, tag, image);
    }
    file = inventory('inventory.yaml', registry.url);
  });
  afterAll(() => registry.close());

  it('writes an archive for each architecture, with what the registry has', async () => {
    const { status, stdout, stderr } = await spawnHardway(['images', 'save', file, ...options('first')]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { archives } = JSON.parse(stdout);
    expect(archives).toMatchObject([
      { architecture: 'amd64', file: 'images-amd64.tar' },
      { architecture: 'arm64', file: 'images-arm64.tar' },
    ]);
    for (const { architecture, sha256, ...archive } of archives) {
      const path = join(folder, 'first', archive.file);
      expect(digestOf(readFileSync(path))).toBe(`sha256:${sha256}`);
      const position = both.indexOf(architecture);
      expect(archive.images).toMatchObject([
        {
          name: 'registry.k8s.io/coredns:1.7.0',
          digest: images['coredns:1.7.0']?.manifests[position]?.digest,
        },
        { name: 'registry.k8s.io/pause:3.2', digest: images['pause:3.2']?.manifests[position]?.digest },
      ]);
      checkArchive(path, architecture);
    }
    execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: join(folder, 'first') });
  });

  it('writes the same bytes again, and asks for no blob that it has', async () => {
    await spawnHardway(['images', 'save', file, ...options('again')]);
    for (const name of ['images-amd64.tar', 'images-arm64.tar'])
      expect(
        readFileSync(join(folder, 'again', name)).equals(readFileSync(join(folder, 'first', name))),
      ).toBe(true);
  });

  it('goes on with a blob that it has a part of, and replaces one that is damaged', async () => {
    const blobs = join(folder, 'cache/blobs');
    for (const name of readdirSync(blobs)) {
      const path = join(blobs, name);
      const bytes = readFileSync(path);
      rmSync(path);
      writeFileSync(`${path}.partial`, bytes.subarray(0, 20));
    }
    const [damaged = ''] = readdirSync(blobs);
    writeFileSync(join(blobs, damaged), Buffer.alloc(20));
    const { status, stderr } = await spawnHardway(['images', 'save', file, ...options('resumed')]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(
      readFileSync(join(folder, 'resumed/images-amd64.tar')).equals(
        readFileSync(join(folder, 'first/images-amd64.tar')),
      ),
    ).toBe(true);
  });

  it('names every image that cannot be had, and writes nothing', async () => {
    const mirrored = inventory('shell.yaml', registry.url);
    const further = ['registry.k8s.io/tools/shell:1', 'registry.k8s.io/none:1'].flatMap((image) => [
      '--image',
      image,
    ]);
    const { status, stderr } = await spawnHardway(
      ['images', 'save', mirrored, ...options('none'), ...further],
      {
        // No registry of the internet is asked in tests.
        env: { HTTPS_PROXY: 'http://127.0.0.1:9' },
      },
    );
    expect(status).toBe(3);
    expect(stderr).toContain('registry.k8s.io/tools/shell:1 for linux/amd64 only, wanted linux/arm64');
    expect(stderr).toContain('does not have this image: registry.k8s.io/none:1');
    expect(readdirSync(join(folder, 'none'))).toEqual([]);
  }, 120_000);

  it('takes its own archives and layouts of others, without a registry', async () => {
    const layout = join(folder, 'layout');
    writeLayout(layout, { 'registry.k8s.io/tools/shell:1': images['tools/shell:1'] as TestImage });
    const alone = inventory('alone.yaml', 'http://127.0.0.1:9', ['amd64']);
    const from = [join(folder, 'first/images-amd64.tar'), layout].flatMap((path) => ['--from', path]);
    const { status, stderr } = await spawnHardway([
      'images',
      'save',
      alone,
      ...from,
      '--image',
      'registry.k8s.io/tools/shell:1',
      '--quiet',
      '--images-cache',
      join(folder, 'other-cache'),
      '--out',
      join(folder, 'from'),
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    checkArchive(join(folder, 'from/images-amd64.tar'), 'amd64');
  });

  it('refuses an archive that is cut off, or has other bytes than its names say', async () => {
    const whole = join(folder, 'first/images-amd64.tar');
    const alone = inventory('cut.yaml', 'http://127.0.0.1:9', ['amd64']);
    const attempt = async (bytes: Buffer) => {
      const path = join(folder, 'broken.tar');
      writeFileSync(path, bytes);
      return spawnHardway([
        'images',
        'save',
        alone,
        '--from',
        path,
        '--quiet',
        '--images-cache',
        join(folder, 'third-cache'),
        '--out',
        join(folder, 'broken'),
      ]);
    };
    const bytes = readFileSync(whole);
    const cut = await attempt(bytes.subarray(0, bytes.length / 2));
    expect(cut).toMatchObject({ status: 3, stdout: '' });
    expect(cut.stderr).toContain('broken.tar');
    const flipped = Buffer.from(bytes);
    const at = bytes.indexOf(images['coredns:1.7.0']?.blobs.at(-1)?.bytes ?? '');
    flipped.writeUInt8(flipped.readUInt8(at + 30) ^ 1, at + 30);
    const changed = await attempt(flipped);
    expect(changed).toMatchObject({ status: 3, stdout: '' });
    expect(changed.stderr).toMatch(
      /broken\.tar: a blob has the digest sha256:[0-9a-f]{64}, wanted sha256:[0-9a-f]{64}/,
    );
    expect(existsSync(join(folder, 'broken/images-amd64.tar'))).toBe(false);
    truncateSync(join(folder, 'broken.tar'), 0);
    expect((await attempt(Buffer.alloc(0))).stderr).toContain('no archive of an OCI layout');
  });
});

/** An archive has the files of both formats, and blobs that are what they are named by. */
function checkArchive(path: string, architecture: string): void {
  const unpacked = `${path}.unpacked`;
  mkdirSync(unpacked, { recursive: true });
  execFileSync('tar', ['-xf', path, '-C', unpacked]);
  const text = (name: string) => readFileSync(join(unpacked, name), 'utf8');
  const blobs = readdirSync(join(unpacked, 'blobs/sha256'));
  expect(blobs.length).toBeGreaterThan(4);
  for (const name of blobs)
    expect(digestOf(readFileSync(join(unpacked, 'blobs/sha256', name)))).toBe(`sha256:${name}`);
  const { manifests } = JSON.parse(text('index.json'));
  const docker = JSON.parse(text('manifest.json'));
  for (const [position, one] of manifests.entries()) {
    const name = one.annotations['io.containerd.image.name'];
    const { config, layers } = JSON.parse(text(`blobs/${one.digest.replace(':', '/')}`));
    expect(JSON.parse(text(`blobs/${config.digest.replace(':', '/')}`)).architecture).toBe(architecture);
    expect(docker[position]).toEqual({
      Config: `blobs/${config.digest.replace(':', '/')}`,
      RepoTags: [name],
      Layers: layers.map(({ digest }: { digest: string }) => `blobs/${digest.replace(':', '/')}`),
    });
    for (const file of [docker[position].Config, ...docker[position].Layers])
      expect(existsSync(join(unpacked, file))).toBe(true);
  }
}
