import { expect, it } from 'vitest';
import { imagesOfCluster } from '../../../src/images/list.ts';
import { imageName, mirrorUrl, parseImageReference, registryUrl } from '../../../src/lib/image-reference.ts';
import { clusterOf } from '../../support/clusters.ts';

const digest = `sha256:${'a'.repeat(64)}`;

it.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['flannel/flannel:v1', 'docker.io/flannel/flannel:v1'],
  ['docker.io/nginx:1', 'docker.io/library/nginx:1'],
  ['registry.k8s.io/pause:3.2', 'registry.k8s.io/pause:3.2'],
  ['mirror.test:5000/a/b', 'mirror.test:5000/a/b:latest'],
  ['localhost/app:1', 'localhost/app:1'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  // A digest says which one; the tag beside it is a comment.
  [`registry.k8s.io/pause:3.2@${digest}`, `registry.k8s.io/pause@${digest}`],
  [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
])('%s is kept as %s', (written, kept) => {
  expect(imageName(parseImageReference(written))).toBe(kept);
  expect(imageName(parseImageReference(kept))).toBe(kept);
});

it('registries and mirrors have their API at a URL', () => {
  expect(registryUrl('docker.io')).toBe('https://registry-1.docker.io');
  expect(registryUrl('ghcr.io')).toBe('https://ghcr.io');
  expect(mirrorUrl('http://mirror.test:5000/')).toBe('http://mirror.test:5000');
  expect(mirrorUrl('https://mirror.test/proxy/v2')).toBe('https://mirror.test/proxy');
});

it('a cluster has each image once, for the architectures that run pods, with its names at mirrors', () => {
  const cluster = clusterOf(`
runtime: { sandboxImage: 'pause:3.2', registryMirrors: { docker.io: ['https://m.test', 'http://n.test:5000/hub'] } }
hosts:
  - { name: a, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: b, address: 192.0.2.2, roles: [worker], arch: arm64 }
  - { name: c, address: 192.0.2.3, roles: [worker], arch: arm64 }`);
  const images = imagesOfCluster(
    cluster,
    [{ image: 'docker.io/library/pause:3.2', addons: ['x.yaml'] }],
    ['quay.io/z:1'],
  );
  expect(images).toEqual([
    {
      name: 'docker.io/library/pause:3.2',
      purposes: ['pod sandbox', 'x.yaml'],
      architectures: ['arm64'],
      mirrors: ['m.test/library/pause:3.2', 'n.test:5000/hub/library/pause:3.2'],
    },
    { name: 'quay.io/z:1', purposes: ['workload'], architectures: ['arm64'], mirrors: [] },
  ]);
});
