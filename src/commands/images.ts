/** `hardway images list, save`: the images that the hosts need, and archives of them for sites without a registry. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imagesOfAddons } from '../addons/images.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { createProgress } from '../cli/progress.ts';
import { type ClusterImage, imagesOfCluster } from '../images/list.ts';
import { saveImages } from '../images/save.ts';
import { formats } from '../inventory/formats.ts';
import { parseImageReference } from '../lib/image-reference.ts';
import { makeFolder } from '../lib/make-folder.ts';
import { textTable } from '../lib/table.ts';
import type { Cluster } from '../model/cluster.ts';
import type { ImageArchive } from '../model/image-archive.ts';
import { type InventoryOptions, type ReadInventory, readInventory } from './inventory.ts';

/** Options of every command that names images. */
export interface ImageOptions extends InventoryOptions {
  /** Images of workloads. */
  readonly image: readonly string[] | undefined;
}

/** Options of every command that gets images. */
export interface ImageSourceOptions extends ImageOptions {
  /** OCI layouts to take them from, instead of registries. */
  readonly from: readonly string[] | undefined;
  /** Where blobs are kept between runs. */
  readonly imagesCache: string | undefined;
}

/** Runs `images list`. */
export function imagesList(options: ImageOptions, io: Io): ExitStatus {
  const read = readImages(options, io);
  if (read === undefined) return exitStatus.wrongInput;
  const { cluster, images } = read;
  io.stdout(options.format === 'json' ? listJson(cluster, images) : listText(images));
  return exitStatus.done;
}

/** Runs `images save`. */
export async function imagesSave(
  options: ImageSourceOptions & { readonly out: string },
  io: Io,
): Promise<ExitStatus> {
  const read = readImages(options, io);
  if (read === undefined) return exitStatus.wrongInput;
  makeFolder(options.out, 0o755);
  const archives = await save(read.cluster, read.images, options, options.out, io);
  writeFileSync(join(options.out, 'SHA256SUMS'), sumsOf(archives));
  if (options.format === 'json') io.stdout(`${JSON.stringify({ out: options.out, archives }, null, 2)}\n`);
  else if (!options.quiet) io.stdout(archivesText(options.out, archives));
  return exitStatus.done;
}

/** Whether an image of the command line is none; says so. */
export function wrongImages({ image = [] }: ImageOptions, io: Io): boolean {
  const odd = image.filter((one) => !formats.image.pattern.test(one));
  for (const one of odd)
    io.stderr(
      `hardway: --image ${JSON.stringify(one)} is not ${formats.image.wanted}\n  fix: write REGISTRY/NAME:TAG\n`,
    );
  return odd.length > 0;
}

/** All images of an inventory and of the command line. */
export function imagesOf(
  { cluster, extras }: ReadInventory,
  { image }: Pick<ImageOptions, 'image'>,
): ClusterImage[] {
  return imagesOfCluster(cluster, imagesOfAddons(cluster, extras), image);
}

/** An inventory's cluster with all its images, or undefined after what is wrong has been told. */
function readImages(
  options: ImageOptions,
  io: Io,
): { readonly cluster: Cluster; readonly images: ClusterImage[] } | undefined {
  const read = wrongImages(options, io) ? undefined : readInventory(options, io);
  return read && { cluster: read.cluster, images: imagesOf(read, options) };
}

/** Saves images below a folder that exists, with a bar for whoever watches. */
export async function save(
  { runtime }: Cluster,
  images: readonly ClusterImage[],
  options: ImageSourceOptions,
  folder: string,
  io: Io,
): Promise<ImageArchive[]> {
  const progress = createProgress(io, options.quiet);
  try {
    return await saveImages({
      images,
      registryMirrors: runtime.registryMirrors,
      from: options.from ?? [],
      folder,
      cache: options.imagesCache ?? join(io.cacheDir, 'images'),
      onProgress: (done, total) => progress.update('images', done, total),
    });
  } finally {
    progress.finish();
  }
}

/** Lines as sha256sum reads them. */
export function sumsOf(archives: readonly ImageArchive[]): string {
  return archives.map(({ sha256, file }) => `${sha256}  ${file}\n`).join('');
}

function listText(images: readonly ClusterImage[]): string {
  const rows = images.map(({ name, purposes, architectures, mirrors }) => [
    name,
    purposes.join(', '),
    architectures.join(', ') || '-',
    mirrors.join(', ') || '-',
  ]);
  return textTable(['IMAGE', 'FOR', 'ARCHITECTURES', 'AT THE MIRRORS'], rows);
}

function listJson({ name: cluster, kubernetes }: Cluster, images: readonly ClusterImage[]): string {
  const rows = images.map((image) => ({ ...image, ...parseImageReference(image.name) }));
  return `${JSON.stringify({ cluster, kubernetes: kubernetes.version, images: rows }, null, 2)}\n`;
}

function archivesText(out: string, archives: readonly ImageArchive[]): string {
  const rows = archives.map(({ file, images, bytes, sha256 }) => [
    join(out, file),
    String(images.length),
    `${Math.ceil(bytes / 1_048_576)} MiB`,
    sha256,
  ]);
  return `${textTable(['ARCHIVE', 'IMAGES', 'SIZE', 'SHA-256'], rows)}\nnext:     on each host: ctr --namespace k8s.io images import ARCHIVE\n`;
}
