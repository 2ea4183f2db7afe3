// How install.sh gives the container runtime the images of a kit, by stand-ins of ctr and docker; what the real
// ctr makes of an archive is tested in test/e2e.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_FILES, DEFAULT_STATEMENTS, makeBundle, makeRoot, run, temporaryFolder } from './bundle.ts';
import { canMount, type LiveHost, makeLiveHost } from './live.ts';

const archive = 'what stands for an archive\n';
const sum = createHash('sha256').update(archive).digest('hex');
const digest = `sha256:${'a'.repeat(64)}`;
const socket = '/run/containerd/containerd.sock';

// Both keep what they have in /run/fake/images, in the format of `ctr images list`.
const CTR = `#!/bin/bash
echo "ctr $*" >>/run/fake/runtime
case "$*" in
  *"images list"*) echo 'REF TYPE DIGEST SIZE PLATFORMS LABELS'; cat /run/fake/images 2>/dev/null ;;
  *"images import"*) [[ ! -e /run/fake/broken ]] || { echo 'ctr: no space left'; exit 1; }; cat /run/fake/imports >>/run/fake/images ;;
esac
`;
const DOCKER = `#!/bin/bash
echo "docker $*" >>/run/fake/runtime
case $1 in
  image) grep -q "^\${!#} " /run/fake/images 2>/dev/null ;;
  load) cat /run/fake/imports >>/run/fake/images ;;
esac
`;

const statementsOf = (runtime: string): string[] => [
  ...DEFAULT_STATEMENTS,
  runtime,
  `images images-amd64.tar ${sum}`,
  `image registry.test/pause:1 ${digest}`,
  `image registry.test:5000/app@${digest} ${digest}`,
];
const withContainerd = statementsOf(`runtime containerd containerd.service ${socket}`);
const line = (name: string, of = digest): string => `${name} application/x ${of} 1 MiB linux/amd64 -\n`;
const all = line('registry.test/pause:1') + line(`registry.test:5000/app@${digest}`);

/** A bundle in a folder of its own, as a tarball is unpacked beside a kit's folders. */
function bundleWith(statements: readonly string[], file?: string): string {
  const bundle = makeBundle({ files: DEFAULT_FILES, statements });
  if (file !== undefined) {
    mkdirSync(dirname(join(bundle, file)), { recursive: true });
    writeFileSync(join(bundle, file), archive);
  }
  return bundle;
}

describe.runIf(canMount)('images', () => {
  let host: LiveHost;
  let server: Server;

  beforeEach(async () => {
    host = makeLiveHost();
    host.tool('ctr', CTR);
    host.tool('docker', DOCKER);
    host.set('imports', all);
    for (const unit of ['containerd', 'docker']) {
      mkdirSync(join(host.root, 'etc/systemd/system'), { recursive: true });
      writeFileSync(join(host.root, `etc/systemd/system/${unit}.service`), '');
    }
    mkdirSync(join(host.root, dirname(socket)), { recursive: true });
    server = createServer();
    await new Promise<void>((resolve) => server.listen(join(host.root, socket), resolve));
  });
  afterEach(() => server.close());

  const asked = (): string[] => {
    const path = join(host.root, 'run/fake/runtime');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
    rmSync(path, { force: true });
    return lines.filter((one) => /import|load/.test(one));
  };

  it('are taken in before the units start, and not again while they are there', () => {
    const bundle = bundleWith(withContainerd, 'images-amd64.tar');
    const first = host.run(bundle);
    expect(first, first.out).toMatchObject({ status: 0 });
    expect(first.out.indexOf('import images-amd64.tar: 2 image(s)')).toBeLessThan(
      first.out.indexOf('restart etcd.service'),
    );
    expect(asked()).toEqual([
      `ctr --address ${socket} --namespace k8s.io images import ${bundle}/images-amd64.tar`,
    ]);
    // The archive is not wanted any more.
    rmSync(join(bundle, 'images-amd64.tar'));
    expect(host.run(bundle)).toMatchObject({ status: 0 });
    expect(asked()).toEqual([]);
  });

  it.each([['..'], ['../images']])('are found in %s', (folder) => {
    const bundle = bundleWith(withContainerd);
    const place = join(bundle, folder);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'images-amd64.tar'), archive);
    expect(host.run(bundle)).toMatchObject({ status: 0 });
    expect(asked().length).toBe(1);
    rmSync(join(place, 'images-amd64.tar'));
  });

  it('that are missing, or not whole, are problems of the host before anything changes', () => {
    const missing = host.run(bundleWith(withContainerd));
    expect(missing.status).toBe(1);
    expect(missing.out).toContain(
      'problem: images-amd64.tar, which holds images for this host, is not there',
    );
    const bundle = bundleWith(withContainerd, 'images-amd64.tar');
    writeFileSync(join(bundle, 'images-amd64.tar'), 'truncat');
    const found = createHash('sha256').update('truncat').digest('hex');
    const damaged = host.run(bundle);
    expect(damaged.status).toBe(1);
    expect(damaged.out).toContain(
      `${bundle}/images-amd64.tar is not whole: SHA-256 is ${found}, wanted ${sum}`,
    );
    expect(existsSync(join(host.root, 'etc/default/etcd'))).toBe(false);
    expect(asked()).toEqual([]);
  });

  it('of the same name and another digest are taken in anew', () => {
    host.set(
      'images',
      line('registry.test/pause:1', `sha256:${'b'.repeat(64)}`) + line(`registry.test:5000/app@${digest}`),
    );
    expect(host.run(bundleWith(withContainerd, 'images-amd64.tar')).out).toContain(
      'import images-amd64.tar: 1 image(s)',
    );
  });

  it('that the runtime does not take in end the run with 3, and the next one goes on', () => {
    const bundle = bundleWith(withContainerd, 'images-amd64.tar');
    host.set('broken', '');
    const broken = host.run(bundle);
    expect(broken.status).toBe(3);
    expect(broken.out).toContain('ctr: no space left');
    rmSync(join(host.root, 'run/fake/broken'));
    host.set('imports', line('registry.test/pause:1'));
    const half = host.run(bundle);
    expect(half.status).toBe(3);
    expect(half.out).toContain(`registry.test:5000/app@${digest} is missing`);
    host.set('imports', all);
    expect(host.run(bundle)).toMatchObject({ status: 0 });
  });

  it('wait for a run that starts something', () => {
    const bundle = bundleWith(withContainerd, 'images-amd64.tar');
    expect(host.run(bundle, ['--no-start'])).toMatchObject({ status: 0 });
    expect(host.run(bundle, ['--dry-run'])).toMatchObject({ status: 0 });
    expect(asked()).toEqual([]);
  });

  it('are loaded into Docker, which is asked for names', () => {
    const bundle = bundleWith(statementsOf('runtime docker docker.service -'), 'images-amd64.tar');
    expect(host.run(bundle)).toMatchObject({ status: 0 });
    expect(asked()).toEqual([`docker load --input ${bundle}/images-amd64.tar`]);
    expect(host.run(bundle)).toMatchObject({ status: 0 });
    expect(asked()).toEqual([]);
  });

  it('want the program that takes them in', () => {
    const hidden = temporaryFolder();
    const { status, out } = host.run(bundleWith(withContainerd, 'images-amd64.tar'), [], {
      before: `rm ${host.root}/tools/ctr; for file in /usr/bin/ctr /bin/ctr; do [ ! -e $file ] || mount --bind ${hidden} $file; done`,
    });
    expect(status).toBe(1);
    expect(out).toContain('the program ctr, which takes images in, is missing');
  });
});

it.each([
  ['images ../images.tar a', "'../images.tar' is not a name"],
  [`images images.tar ${'A'.repeat(64)}`, 'is not a sum'],
  ['image -rm sha256:0', "'-rm' is not a reference"],
  [`image a/b:1 sha512:${'a'.repeat(64)}`, 'is not a digest'],
])('a manifest with "%s" is refused', (statement, reason) => {
  const bundle = makeBundle({ statements: [...DEFAULT_STATEMENTS, statement] });
  const refused = run(bundle, ['--root', makeRoot()]);
  expect(refused.status).toBe(2);
  expect(refused.out).toContain(reason);
});
