/** SHA-256 of streams and files, without holding them in memory. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { elfHeaderBytes } from './elf.ts';

/** What is known of bytes that went by. */
export interface Digest {
  readonly sha256: string;
  readonly bytes: number;
  /** As many of the first bytes as an ELF header wants. */
  readonly start: Buffer;
}

/** Takes in chunks; the digest is of all so far. */
export function createDigest(): { readonly add: (chunk: Buffer) => void; readonly end: () => Digest } {
  const hash = createHash('sha256');
  let bytes = 0;
  let start = Buffer.alloc(0);
  return {
    add(chunk) {
      hash.update(chunk);
      bytes += chunk.length;
      if (start.length < elfHeaderBytes) start = Buffer.concat([start, chunk]).subarray(0, elfHeaderBytes);
    },
    end: () => ({ sha256: hash.digest('hex'), bytes, start }),
  };
}

/** The digest of a file, or undefined when there is none. */
export async function digestOf(path: string): Promise<Digest | undefined> {
  const digest = createDigest();
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) digest.add(chunk);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  return digest.end();
}
