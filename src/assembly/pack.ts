/** A bundle's entries in, its tarball written: the last step of a host's way. */
import { join } from 'node:path';
import { sha256 } from '../bundle/bundle.ts';
import { writeBundle } from '../bundle/host-writer.ts';
import { compressEnd, createPacker, type PackedEntry } from '../bundle/tar.ts';
import { readPackageFile, templatesDir } from '../lib/package-root.ts';

/** A tarball that was written. */
export interface PackedBundle {
  readonly bytes: number;
  readonly sha256: string;
}

export type Pack = (host: string, entries: readonly PackedEntry[]) => Promise<PackedBundle>;

/** What every bundle ends with. */
export function readInstallScript(): Buffer {
  return readPackageFile(join(templatesDir, '_bundle/install.sh'));
}

/** Packs into an unfinished output. */
export function createPack(staging: string): Pack {
  const packBundle = createPacker(compressEnd(readInstallScript()));
  return async (host, entries) => {
    const tarball = await packBundle(host, entries);
    writeBundle(staging, host, tarball);
    return { bytes: tarball.length, sha256: sha256(tarball) };
  };
}
