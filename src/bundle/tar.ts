/**
 * Entries in, a reproducible .tar.gz out: fixed order, dates and owners, no entries for
 * folders (tar makes them, and install.sh sets their modes on the host), and a gzip
 * header that names no operating system. The same entries give the same bytes wherever
 * and whenever they are packed.
 */
import type { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type ArchiverOptions, TarArchive } from 'archiver';
import type { BundleEntry } from './bundle.ts';

/** No moment means anything here, but tar wants one, and make compares it. */
const entryDate = new Date('2000-01-01T00:00:00Z');

const unknownSystem = 255;

/** What a tar says of a file. */
export type PackedEntry = Pick<BundleEntry, 'name' | 'mode' | 'content'>;

/** The end of every bundle's tar, compressed once: the bytes of install.sh and what tar puts behind them. */
export interface SharedEnd {
  readonly tar: Buffer;
  readonly compressed: Buffer;
}

const tarBlock = 512;

/** The end of a tar whose last entry has these bytes: padding to a block, then two empty blocks. */
export function compressEnd(lastContent: Buffer): SharedEnd {
  const padded = Math.ceil(lastContent.length / tarBlock) * tarBlock;
  const tar = Buffer.concat([lastContent, Buffer.alloc(padded - lastContent.length + 2 * tarBlock)]);
  return { tar, compressed: gzipMember(tar, 9) };
}

/**
 * One host's tarball: everything below a folder with the host's name. The shared end
 * is a gzip member of its own, as RFC 1952, 2.2 allows, so that thousands of bundles do
 * not compress install.sh thousands of times.
 */
export async function packBundle(
  host: string,
  entries: readonly PackedEntry[],
  end: SharedEnd,
): Promise<Buffer> {
  const archive = new TarArchive({} satisfies ArchiverOptions);
  const collected = collect(archive);
  for (const { name, mode, content } of entries)
    append(archive, content, { name: safeName(`${host}/${name}`), mode });
  const [tar] = await Promise.all([collected, archive.finalize()]);
  const start = tar.subarray(0, -end.tar.length);
  const endsAsExpected = tar.subarray(start.length).equals(end.tar);
  return endsAsExpected ? Buffer.concat([gzipMember(start, 1), end.compressed]) : gzipMember(tar, 1);
}

/**
 * Synchronous: for tens of kilobytes zlib's threads cost more than they save. Level 1 takes a
 * quarter of the time of level 6 and a twentieth more room; what is compressed once gets 9.
 */
function gzipMember(content: Buffer, level: 1 | 9): Buffer {
  const member = gzipSync(content, { level });
  // RFC 1952, 2.3: byte 9 is the system that compressed; zlib writes its own.
  member[9] = unknownSystem;
  return member;
}

function append(
  archive: TarArchive,
  content: Buffer,
  data: { readonly name: string; readonly mode: number },
): void {
  // Owner names and numbers reach tar-stream, though archiver's types do not know them.
  const owned = { ...data, date: entryDate, uid: 0, gid: 0, uname: 'root', gname: 'root' };
  archive.append(content, owned);
}

/** archiver strips what it does not like from names without a word; such names are a mistake here. */
function safeName(name: string): string {
  if (/^\/|:|\\|(^|\/)\.\.?(\/|$)/.test(name)) throw new Error(`not a name for an archive entry: ${name}`);
  return name;
}

/** Listeners, since an iterator or a consumer of node:stream takes a tenth of the packing's time. */
function collect(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve(Buffer.concat(chunks)));
    stream.on('error', reject);
  });
}
