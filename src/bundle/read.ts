/**
 * A bundle read back: the files of a tarball by name. Tarballs may come from anywhere: what
 * leads out of the host's folder, is no plain file, or unpacks to more than a bundle can be, is
 * refused. Nothing is unpacked onto the disk.
 */
import { gunzipSync } from 'node:zlib';
import { extract, type Header } from 'tar-stream';

/** A file as the tarball has it. */
export interface ReadEntry {
  readonly mode: number;
  readonly content: Buffer;
}

/** Names are relative to the host's folder, as in BundleEntry: `rootfs/etc/default/etcd`. */
export type ReadBundle = ReadonlyMap<string, ReadEntry>;

/** A tarball that is no bundle. */
export class BundleReadError extends Error {
  override name = 'BundleReadError';
}

/** Far above what hosts get, far below what a machine has. */
const mostBytes = 512 * 1024 * 1024;

/**
 * The files of one host's tarball.
 * @throws BundleReadError when it is damaged, or anything but files below one folder of that host's name.
 */
export async function readBundle(host: string, tarball: Buffer): Promise<ReadBundle> {
  const tar = unpacked(tarball);
  const entries = new Map<string, ReadEntry>();
  const reader = extract();
  reader.end(tar);
  try {
    for await (const entry of reader) {
      const { header } = entry;
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      if (header.type === 'directory') continue;
      const name = nameBelow(host, header);
      if (entries.has(name)) throw new BundleReadError(`holds ${name} twice`);
      entries.set(name, { mode: header.mode ?? 0, content: Buffer.concat(chunks) });
    }
  } catch (error) {
    if (error instanceof BundleReadError) throw error;
    throw new BundleReadError('is cut off or damaged', { cause: error });
  }
  if (!entries.has('manifest')) throw new BundleReadError('holds no manifest: it is not whole, or no bundle');
  return entries;
}

function unpacked(tarball: Buffer): Buffer {
  try {
    return gunzipSync(tarball, { maxOutputLength: mostBytes });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new BundleReadError(
      isTooLarge ? `unpacks to more than ${mostBytes / 1024 / 1024} MiB` : 'is cut off or no gzip file',
      { cause: error },
    );
  }
}

function nameBelow(host: string, { name, type }: Header): string {
  const shown = JSON.stringify(name);
  if (type !== 'file') throw new BundleReadError(`holds ${shown}, which is no plain file`);
  const below = name.startsWith(`${host}/`) ? name.slice(host.length + 1) : '';
  if (below === '' || below.split('/').some((part) => ['', '.', '..'].includes(part)))
    throw new BundleReadError(`holds ${shown}, which is not below ${host}/`);
  return below;
}
