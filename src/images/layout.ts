/**
 * An OCI layout as a source of images, for sites without a registry: a folder, or an archive of
 * one as `hardway images save`, `ctr images export`, `skopeo copy … oci-archive:` and Docker since
 * 25 write it. An archive is unpacked into the store first; its names become no paths.
 */
import { closeSync, createReadStream, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { imageName, parseImageReference } from '../lib/image-reference.ts';
import { openBlobs } from './blobs.ts';
import { type Descriptor, descriptorOf, type ImageSource } from './descriptor.ts';
import { Transient } from './http.ts';
import { ImageProblem } from './problem.ts';

/** containerd's annotation for the whole name; the standard one may hold it too, or a tag only. */
export const imageNameAnnotation = 'io.containerd.image.name';
export const refNameAnnotation = 'org.opencontainers.image.ref.name';

const wantedFix = 'name a folder or an archive with the files oci-layout and index.json';

interface Layout {
  readonly index: string;
  /** The file of a blob. */
  readonly path: (digest: string) => string;
}

/** A source for the images that a layout names. `unpacked` is a folder for the blobs of an archive. */
export async function openLayout(path: string, unpacked: string): Promise<ImageSource> {
  if (!existsSync(path)) throw new ImageProblem(`${path}: there is no such file or folder`, wantedFix);
  const layout = statSync(path).isDirectory() ? folderLayout(path) : await archiveLayout(path, unpacked);
  const images = namesIn(path, layout.index);
  return {
    name: path,
    manifest: async (image, digest) => {
      const top = images.get(image);
      if (top === undefined)
        throw new ImageProblem(
          `${path} does not have ${image}`,
          `put it there; it has ${[...images.keys()].join(', ') || 'no image with a name'}`,
        );
      const wanted = digest ?? top.digest;
      const bytes = readBlob(path, layout.path(wanted), wanted);
      return { mediaType: digest === undefined ? top.mediaType : mediaTypeIn(bytes), digest: wanted, bytes };
    },
    fetch: (_image, blob, store) =>
      once(() => store.take(blob, async (offset) => open(path, layout.path(blob.digest), blob, offset))),
  };
}

/** A disk gives the same bytes again: what would be repeated elsewhere is final here. */
async function once(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Transient) throw new ImageProblem(error.message, 'copy the layout again');
    throw error;
  }
}

async function open(path: string, file: string, blob: Descriptor, offset: number) {
  if (!existsSync(file))
    throw new ImageProblem(
      `${path} lacks the blob ${blob.digest}`,
      'copy the layout again, for all architectures of the inventory',
    );
  return { offset, stream: createReadStream(file, { start: offset }) };
}

function folderLayout(path: string): Layout {
  const file = (name: string) => {
    if (!existsSync(join(path, name)))
      throw new ImageProblem(`${path} is no OCI layout: it has no ${name}`, wantedFix);
    return readFileSync(join(path, name), 'utf8');
  };
  file('oci-layout');
  return {
    index: file('index.json'),
    path: (digest) => join(path, 'blobs/sha256', digest.replace('sha256:', '')),
  };
}

async function archiveLayout(path: string, unpacked: string): Promise<Layout> {
  const store = openBlobs(unpacked);
  const files = new Map<string, string>();
  const entries = extract();
  const unpack = async () => {
    for await (const entry of entries) {
      const { name = '', size = 0, type } = entry.header;
      const [, hex] = /^(?:\.\/)?blobs\/sha256\/([0-9a-f]{64})$/.exec(name) ?? [];
      const [, document] = /^(?:\.\/)?(oci-layout|index\.json)$/.exec(name) ?? [];
      if (type === 'file' && hex !== undefined) {
        const blob = { mediaType: '', digest: `sha256:${hex}`, size };
        await once(() => store.take(blob, async () => ({ offset: 0, stream: bytesOf(entry) })));
      } else if (type === 'file' && document !== undefined && size < mostDocumentBytes)
        files.set(document, await textOf(bytesOf(entry)));
      entry.resume();
    }
  };
  try {
    await Promise.all([
      pipeline([createReadStream(path), ...(isGzip(path) ? [createGunzip()] : []), entries]),
      unpack(),
    ]);
  } catch (error) {
    if (error instanceof ImageProblem) throw new ImageProblem(`${path}: ${error.message}`, error.fix);
    throw new ImageProblem(`${path} is no whole tar archive: ${(error as Error).message}`, wantedFix);
  }
  const index = files.get('index.json');
  if (index === undefined || !files.has('oci-layout'))
    throw new ImageProblem(
      `${path} is no archive of an OCI layout: it lacks ${index === undefined ? 'index.json' : 'oci-layout'}`,
      wantedFix,
    );
  return { index, path: store.path };
}

/** tar-stream's own stream, whose types say nothing of its bytes. */
function bytesOf(entry: AsyncIterable<unknown>): AsyncIterable<Buffer> {
  return entry as AsyncIterable<Buffer>;
}

const mostDocumentBytes = 8 * 1024 * 1024;

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function isGzip(path: string): boolean {
  const start = Buffer.alloc(2);
  const file = openSync(path, 'r');
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  return start.equals(Buffer.from([0x1f, 0x8b]));
}

/** Images by their names as container runtimes keep them. */
function namesIn(path: string, index: string): Map<string, Descriptor> {
  const found = new Map<string, Descriptor>();
  for (const entry of manifestsIn(path, index)) {
    const descriptor = descriptorOf(entry);
    const { [imageNameAnnotation]: full, [refNameAnnotation]: ref } = descriptor?.annotations ?? {};
    // A tag alone, as the standard allows it, does not say of what.
    const name = full ?? (ref?.includes('/') ? ref : undefined);
    if (descriptor !== undefined && name !== undefined)
      found.set(imageName(parseImageReference(name)), descriptor);
  }
  return found;
}

function manifestsIn(path: string, index: string): readonly unknown[] {
  try {
    const { manifests } = JSON.parse(index) as { manifests?: unknown };
    if (Array.isArray(manifests)) return manifests;
  } catch {}
  throw new ImageProblem(`${path}: index.json is no index of images`, wantedFix);
}

function readBlob(path: string, file: string, digest: string): Buffer {
  if (!existsSync(file))
    throw new ImageProblem(
      `${path} lacks the blob ${digest}`,
      'copy the layout again, for all architectures of the inventory',
    );
  return readFileSync(file);
}

function mediaTypeIn(bytes: Buffer): string {
  try {
    const { mediaType } = JSON.parse(bytes.toString()) as { mediaType?: unknown };
    return typeof mediaType === 'string' ? mediaType : '';
  } catch {
    return '';
  }
}
