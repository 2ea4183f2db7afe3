/** Small images made here, and ways to put them where images come from: a registry, an OCI layout. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

export interface TestImage {
  /** The index, when there are several architectures, else the manifest. */
  readonly top: Blob;
  readonly manifests: readonly Blob[];
  /** Configs and layers. */
  readonly blobs: readonly Blob[];
}

export const ociTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

export const dockerTypes = {
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

/** A blob of these bytes. */
export function blobOf(bytes: Buffer, mediaType: string): Blob {
  return { mediaType, bytes, digest: digestOf(bytes) };
}

/** `sha256:…` */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** What a manifest says of a blob. */
export function descriptor({ mediaType, digest, bytes }: Blob): object {
  return { mediaType, digest, size: bytes.length };
}

/** An image whose one layer is a tar of these bytes, the same for all architectures but for its config. */
export function makeImage(
  layerTar: Buffer,
  architectures: readonly string[],
  { types = ociTypes, config = {} }: { readonly types?: typeof ociTypes; readonly config?: object } = {},
): TestImage {
  const layer = blobOf(gzipSync(layerTar), types.layer);
  const variants = architectures.map((architecture) => {
    const document = {
      architecture,
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [digestOf(layerTar)] },
    };
    const configBlob = blobOf(Buffer.from(JSON.stringify(document)), types.config);
    const manifest = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: descriptor(configBlob),
      layers: [descriptor(layer)],
    };
    return {
      architecture,
      configBlob,
      manifest: blobOf(Buffer.from(JSON.stringify(manifest)), types.manifest),
    };
  });
  const manifests = variants.map(({ manifest }) => manifest);
  const [first] = manifests;
  if (first === undefined) throw new Error('an image has an architecture');
  const index = {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: variants.map(({ architecture, manifest }) => ({
      ...descriptor(manifest),
      platform: { architecture, os: 'linux' },
    })),
  };
  return {
    top: manifests.length > 1 ? blobOf(Buffer.from(JSON.stringify(index)), types.index) : first,
    manifests,
    blobs: [...variants.map(({ configBlob }) => configBlob), layer],
  };
}

/** Pushes an image to a registry at a URL, by the API of opencontainers/distribution-spec. */
export async function pushImage(
  url: string,
  repository: string,
  tag: string,
  image: TestImage,
): Promise<void> {
  for (const { bytes, digest } of image.blobs) {
    const { headers } = await sent(`${url}/v2/${repository}/blobs/uploads/`, 'POST', Buffer.alloc(0));
    const upload = new URL(headers.get('location') ?? '', url);
    upload.searchParams.set('digest', digest);
    await sent(upload.href, 'PUT', bytes, 'application/octet-stream');
  }
  for (const { bytes, digest, mediaType } of image.manifests)
    await sent(`${url}/v2/${repository}/manifests/${digest}`, 'PUT', bytes, mediaType);
  await sent(`${url}/v2/${repository}/manifests/${tag}`, 'PUT', image.top.bytes, image.top.mediaType);
}

async function sent(url: string, method: string, bytes: Buffer, type = ''): Promise<Response> {
  const headers = type === '' ? {} : { 'content-type': type };
  const response = await fetch(url, {
    method,
    headers,
    ...(type === '' ? {} : { body: new Uint8Array(bytes) }),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}

/** Writes an OCI layout with images under these names. */
export function writeLayout(folder: string, images: Readonly<Record<string, TestImage>>): void {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const all = Object.values(images).flatMap(({ top, manifests, blobs }) => [top, ...manifests, ...blobs]);
  for (const { digest, bytes } of all) writeFileSync(join(folder, 'blobs', digest.replace(':', '/')), bytes);
  const manifests = Object.entries(images).map(([name, { top }]) => ({
    ...descriptor(top),
    annotations: { 'org.opencontainers.image.ref.name': name },
  }));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}
