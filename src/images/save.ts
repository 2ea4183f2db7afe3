/** Names of images in, one archive for each architecture out; every problem at once. */
import { join } from 'node:path';
import { imageName, mirrorUrl, parseImageReference, registryUrl } from '../lib/image-reference.ts';
import { LockTimeoutError, withLock } from '../lib/lock.ts';
import { makeFolder } from '../lib/make-folder.ts';
import { forEachLimited } from '../lib/parallel.ts';
import type { Architecture, Cluster } from '../model/cluster.ts';
import type { ImageArchive } from '../model/image-archive.ts';
import { blobsOf, writeArchive } from './archive.ts';
import { openBlobs } from './blobs.ts';
import type { BlobStore, ImageSource } from './descriptor.ts';
import { createHttp, type Http } from './http.ts';
import { openLayout } from './layout.ts';
import type { ClusterImage } from './list.ts';
import { ImageProblem, ImageProblems } from './problem.ts';
import { openRegistry } from './registry.ts';
import { type ResolvedImage, resolveImage } from './resolve.ts';

export interface SaveRequest {
  readonly images: readonly ClusterImage[];
  readonly registryMirrors: Cluster['runtime']['registryMirrors'];
  /** OCI layouts; with one at least, no registry is asked. */
  readonly from: readonly string[];
  /** Where archives go, which exists. */
  readonly folder: string;
  /** Where blobs are kept between runs; made. */
  readonly cache: string;
  readonly onProgress: (done: number, total: number) => void;
  readonly http?: Http;
}

/** Requests to registries at once: enough to fill a line, few enough to be welcome. */
const concurrency = 4;
const lockWaitMs = 10_000;

/**
 * Writes `images-ARCH.tar` for each architecture of the images.
 * @throws ImageProblems with all that is missing, or when another run fills the cache.
 */
export async function saveImages(request: SaveRequest): Promise<ImageArchive[]> {
  makeFolder(request.cache, 0o755);
  return withLock(request.cache, lockWaitMs, () => save(request)).catch((error: unknown) => {
    if (error instanceof LockTimeoutError)
      throw new ImageProblems([new ImageProblem(error.message, 'wait until it has ended')]);
    throw error instanceof ImageProblem ? new ImageProblems([error]) : error;
  });
}

async function save(request: SaveRequest): Promise<ImageArchive[]> {
  const store = openBlobs(join(request.cache, 'blobs'));
  const sources = await openSources(request);
  const wanted = request.images.flatMap(({ name, architectures }) =>
    architectures.map((architecture) => ({ name, architecture })),
  );
  const resolved: { readonly architecture: Architecture; readonly image: ResolvedImage }[] = [];
  const problems: ImageProblem[] = [];
  const attempt = async (work: () => Promise<void>) => {
    await work().catch((error: unknown) => {
      if (!(error instanceof ImageProblem)) throw error;
      problems.push(error);
    });
  };
  await forEachLimited(wanted, concurrency, ({ name, architecture }) =>
    attempt(async () => {
      resolved.push({ architecture, image: await resolveAnywhere(sources(name), name, architecture, store) });
    }),
  );
  const blobs = new Map(
    resolved.flatMap(({ image }) => blobsOf(image).map((blob) => [blob.digest, { blob, image }])),
  );
  let done = 0;
  await forEachLimited(blobs.values(), concurrency, ({ blob, image: { source, name } }) =>
    attempt(async () => {
      await source.fetch(name, blob, store);
      request.onProgress(++done, blobs.size);
    }),
  );
  if (problems.length > 0) throw new ImageProblems(problems);
  const archives: ImageArchive[] = [];
  for (const architecture of [...new Set(wanted.map((one) => one.architecture))].sort()) {
    const images = resolved.filter((one) => one.architecture === architecture).map(({ image }) => image);
    const sorted = images.sort((left, right) => (left.name < right.name ? -1 : 1));
    archives.push(
      await writeArchive(join(request.folder, archiveName(architecture)), architecture, sorted, store),
    );
  }
  return archives;
}

/** The name of an architecture's archive. */
export function archiveName(architecture: Architecture): string {
  return `images-${architecture}.tar`;
}

/** Where an image is looked for: the layouts that were given, or its registry's mirrors and then itself, as containerd does. */
async function openSources({
  from,
  registryMirrors,
  cache,
  http = createHttp(),
}: SaveRequest): Promise<(name: string) => ImageSource[]> {
  const layouts: ImageSource[] = [];
  for (const path of from) layouts.push(await openLayout(path, join(cache, 'unpacked')));
  if (layouts.length > 0) return () => layouts;
  const opened = new Map<string, ImageSource>();
  const registry = (url: string) => {
    const known = opened.get(url) ?? openRegistry(http, url);
    opened.set(url, known);
    return known;
  };
  return (name) => {
    const { registry: host } = parseImageReference(name);
    return [...(registryMirrors[host] ?? []).map(mirrorUrl), registryUrl(host)].map(registry);
  };
}

/** From the first source that has it; when none has, why not each. */
async function resolveAnywhere(
  sources: readonly ImageSource[],
  name: string,
  architecture: Architecture,
  store: BlobStore,
): Promise<ResolvedImage> {
  const reasons: ImageProblem[] = [];
  for (const source of sources) {
    try {
      return await resolveImage(source, imageName(parseImageReference(name)), architecture, store);
    } catch (error) {
      if (!(error instanceof ImageProblem)) throw error;
      reasons.push(error);
    }
  }
  const messages = [...new Set(reasons.map(({ message }) => message))].join('; ');
  throw new ImageProblem(messages, reasons[0]?.fix ?? '');
}
