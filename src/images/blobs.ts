/**
 * Blobs on their way: kept by their digest, whole or in part, so that a run that was cut off
 * goes on where it was. A file has its digest's name only after its bytes have been checked.
 */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../lib/make-folder.ts';
import { sumOf } from '../lib/sum.ts';
import type { BlobStore, Descriptor, OpenBlob } from './descriptor.ts';
import { reasonOf, Transient } from './http.ts';
import { ImageProblem } from './problem.ts';

/** A store below a folder, which is made. */
export function openBlobs(folder: string): BlobStore {
  makeFolder(folder, 0o755);
  const path = (digest: string) => join(folder, digest.replace('sha256:', ''));
  // Images share blobs: whoever comes second for one waits, and finds it.
  const turns = new Map<string, Promise<void>>();
  return {
    path,
    take: (blob, openAt) => {
      const before = turns.get(blob.digest) ?? Promise.resolve();
      const turn = before.catch(() => {}).then(() => take(blob, path(blob.digest), openAt));
      turns.set(blob.digest, turn);
      return turn;
    },
  };
}

async function take(blob: Descriptor, path: string, openAt: OpenBlob): Promise<void> {
  if (await isWhole(blob, path)) return;
  const partial = `${path}.partial`;
  const before = existsSync(partial) ? statSync(partial).size : 0;
  if (before < blob.size || before === 0) await download(blob, partial, before, openAt);
  const digest = `sha256:${await sumOf(partial)}`;
  if (digest !== blob.digest) {
    rmSync(partial, { force: true });
    const message = `a blob has the digest ${digest}, wanted ${blob.digest}`;
    // What an earlier run had left may be at fault; bytes that came in one go are what the source has.
    if (before > 0) throw new Transient(message);
    throw new ImageProblem(
      message,
      'use another registry or mirror: this one does not give what its manifest says',
    );
  }
  renameSync(partial, path);
}

async function isWhole(blob: Descriptor, path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  if (statSync(path).size === blob.size && `sha256:${await sumOf(path)}` === blob.digest) return true;
  rmSync(path, { force: true });
  return false;
}

/** Appends to a partial file up to the blob's size, and not one byte more. */
async function download(blob: Descriptor, partial: string, before: number, openAt: OpenBlob): Promise<void> {
  const { offset, stream } = await openAt(before);
  const file = await open(partial, offset > 0 && offset === before ? 'a' : 'w', 0o644);
  let size = offset === before ? before : 0;
  try {
    if (offset !== size)
      throw new Transient(`${blob.digest}: the answer begins at byte ${offset}, wanted ${before}`);
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > blob.size) break;
      await file.writeFile(chunk);
    }
  } catch (error) {
    if (error instanceof Transient || isOfTheDisk(error)) throw error;
    throw new Transient(
      `${blob.digest}: the line dropped after ${size} of ${blob.size} bytes (${reasonOf(error)})`,
    );
  } finally {
    await file.close();
  }
  if (size > blob.size) {
    rmSync(partial, { force: true });
    throw new ImageProblem(
      `${blob.digest} has more than the ${blob.size} bytes that its manifest says`,
      'use another registry or mirror',
    );
  }
  if (size < blob.size) throw new Transient(`${blob.digest} is truncated: ${size} of ${blob.size} bytes`);
}

function isOfTheDisk(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
}
