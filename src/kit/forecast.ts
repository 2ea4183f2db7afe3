/**
 * A kit that was made before, for a comparison: what is in its archives of images. Registries
 * are not asked, so an image that it has counts as unchanged, whatever its tag means today.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RenderedOutput } from '../bundle/rendered.ts';
import type { ClusterImage } from '../images/list.ts';
import { archiveName } from '../images/save.ts';
import type { Architecture } from '../model/cluster.ts';
import type { ImageArchive } from '../model/image-archive.ts';
import { howtoName } from './kit.ts';

/** What only saving an image tells: its digest, and the sum of the archive that it is added to. */
export const yetToBeSaved = 'saved-by-the-kit';

/** Whether an output folder is a kit, whose bundles bring binaries and images with them. */
export function isKit(out: string): boolean {
  return existsSync(join(out, howtoName));
}

/** The archives that the kit would have again, with the wanted images that it lacks, for each architecture. */
export async function forecastImages(
  out: string,
  rendered: RenderedOutput,
  wanted: readonly ClusterImage[],
): Promise<ImageArchive[]> {
  const architectures = [...new Set(wanted.flatMap((image) => image.architectures))];
  const archives: ImageArchive[] = [];
  for (const architecture of architectures) {
    const had = await archiveOf(out, rendered, architecture);
    const names = new Set(had.images.map(({ name }) => name));
    const lacking = wanted.filter(
      (image) => image.architectures.includes(architecture) && !names.has(image.name),
    );
    archives.push(lacking.length === 0 ? had : withImages(had, lacking));
  }
  return archives;
}

/** What the bundles say of an architecture's archive; the first one that names it tells all. */
async function archiveOf(
  out: string,
  rendered: RenderedOutput,
  architecture: Architecture,
): Promise<ImageArchive> {
  const file = archiveName(architecture);
  const none = { architecture, file, bytes: 0, sha256: yetToBeSaved, images: [] };
  const path = join(out, 'images', file);
  if (!existsSync(path)) return none;
  for (const host of rendered.hosts) {
    const { statements } = (await rendered.read(host)).manifest;
    const words = statements.map((statement) => statement.split(' '));
    const sha256 = words.find(([kind, name]) => kind === 'images' && name === file)?.[2];
    if (sha256 === undefined) continue;
    const images = words
      .filter(([kind]) => kind === 'image')
      .map(([, name = '', digest = '']) => ({ name, digest, source: path }));
    return { ...none, bytes: statSync(path).size, sha256, images };
  }
  return none;
}

function withImages(archive: ImageArchive, lacking: readonly ClusterImage[]): ImageArchive {
  const added = lacking.map(({ name }) => ({ name, digest: yetToBeSaved, source: '' }));
  const images = [...archive.images, ...added].sort((left, right) => (left.name < right.name ? -1 : 1));
  return { ...archive, sha256: yetToBeSaved, images };
}
