/**
 * Images of one architecture in, an archive out that `ctr images import` takes as an OCI layout
 * and `docker load` as its own format. The same images give the same bytes.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { parseImageReference } from '../lib/image-reference.ts';
import type { Architecture } from '../model/cluster.ts';
import type { ImageArchive } from '../model/image-archive.ts';
import { type BlobStore, type Descriptor, mediaTypes } from './descriptor.ts';
import { imageNameAnnotation, refNameAnnotation } from './layout.ts';
import type { ResolvedImage } from './resolve.ts';

/** No moment means anything in it. */
const entryDate = new Date('2000-01-01T00:00:00Z');

/** Writes FILE in one step; the blobs of all images must be in the store. */
export async function writeArchive(
  file: string,
  architecture: Architecture,
  images: readonly ResolvedImage[],
  store: BlobStore,
): Promise<ImageArchive> {
  const draft = `${file}.new`;
  const hash = createHash('sha256');
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const tar = pack();
  try {
    await Promise.all([
      pipeline(tar, hashed, createWriteStream(draft, { mode: 0o644 })),
      fill(tar, architecture, images, store),
    ]);
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    architecture,
    file: basename(file),
    bytes: statSync(file).size,
    sha256: hash.digest('hex'),
    images: images.map(({ name, manifest, source }) => ({
      name,
      digest: manifest.digest,
      source: source.name,
    })),
  };
}

async function fill(
  tar: Pack,
  architecture: Architecture,
  images: readonly ResolvedImage[],
  store: BlobStore,
): Promise<void> {
  try {
    await addBytes(tar, 'oci-layout', json({ imageLayoutVersion: '1.0.0' }));
    await addBytes(tar, 'index.json', json(indexOf(architecture, images)));
    await addBytes(tar, 'manifest.json', json(dockerManifest(images)));
    const manifests = new Map(images.map(({ manifest }) => [manifest.digest, manifest.bytes]));
    const blobs = new Map(images.flatMap(blobsOf).map((blob) => [blob.digest, blob.size]));
    for (const digest of [...manifests.keys(), ...blobs.keys()].sort()) {
      const bytes = manifests.get(digest);
      if (bytes !== undefined) await addBytes(tar, blobName(digest), bytes);
      else await addFile(tar, blobName(digest), store.path(digest), blobs.get(digest) ?? 0);
    }
    tar.finalize();
  } catch (error) {
    tar.destroy(error as Error);
    throw error;
  }
}

/** All that an archive holds of an image beside its manifest. */
export function blobsOf({ config, layers }: ResolvedImage): Descriptor[] {
  return [config, ...layers];
}

function indexOf(architecture: Architecture, images: readonly ResolvedImage[]): object {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.index[0],
    manifests: images.map(({ name, manifest: { mediaType, digest, bytes } }) => ({
      mediaType,
      digest,
      size: bytes.length,
      platform: { architecture, os: 'linux' },
      // Whole in both: a tag alone would be the same for many images of an archive.
      annotations: { [imageNameAnnotation]: name, [refNameAnnotation]: name },
    })),
  };
}

/** What `docker load` reads, see moby, image/tarexport. It knows tags only. */
function dockerManifest(images: readonly ResolvedImage[]): object {
  return images.map(({ name, config, layers }) => ({
    Config: blobName(config.digest),
    RepoTags: parseImageReference(name).digest === undefined ? [name] : [],
    Layers: layers.map(({ digest }) => blobName(digest)),
  }));
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function json(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

function header(name: string, size: number) {
  return {
    name,
    size,
    mode: 0o644,
    mtime: entryDate,
    uid: 0,
    gid: 0,
    uname: 'root',
    gname: 'root',
    type: 'file',
  } as const;
}

function addBytes(tar: Pack, name: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(header(name, bytes.length), bytes, (error) => (error ? reject(error) : resolve()));
  });
}

async function addFile(tar: Pack, name: string, path: string, size: number): Promise<void> {
  await pipeline(createReadStream(path), tar.entry(header(name, size)));
}
