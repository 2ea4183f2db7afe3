/** A host's entries in, its tarball and its review tree written: the last step of a host's way. */
import { join } from 'node:path';
import { type BundleEntry, sha256, wholeBundle } from '../bundle/bundle.ts';
import { createReviewWriter, writeBundle } from '../bundle/host-writer.ts';
import { compressEnd, createPacker } from '../bundle/tar.ts';
import { readPackageFile, templatesDir } from '../lib/package-root.ts';

/** A tarball that was written. */
export interface PackedBundle {
  readonly bytes: number;
  readonly sha256: string;
}

/** Takes what payloadEntries of bundle/bundle.ts gives. */
export type Pack = (host: string, payload: readonly BundleEntry[]) => Promise<PackedBundle>;

/** What every bundle ends with. */
export function readInstallScript(): Buffer {
  return readPackageFile(join(templatesDir, '_bundle/install.sh'));
}

/** Packs into an unfinished output. */
export function createPack(staging: string, installScript: Buffer): Pack {
  const packBundle = createPacker(compressEnd(installScript));
  const writeReview = createReviewWriter(staging);
  return async (host, payload) => {
    const entries = wholeBundle(payload, installScript);
    writeReview(host, entries);
    const tarball = await packBundle(host, entries);
    writeBundle(staging, host, tarball);
    return { bytes: tarball.length, sha256: sha256(tarball) };
  };
}
