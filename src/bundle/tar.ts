/**
 * Entries in, a reproducible .tar.gz out: sorted folders, fixed dates and owners,
 * and a gzip header that names no operating system. The same entries give the same
 * bytes wherever and whenever they are packed.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type ArchiverOptions, TarArchive } from 'archiver';
import type { BundleEntry } from './bundle.ts';

const compress = promisify(gzip);

/** No moment means anything here, but tar wants one, and make compares it. */
const entryDate = new Date('2000-01-01T00:00:00Z');

const unknownSystem = 255;

/** Bytes that are the same in every bundle, compressed once. */
export interface SharedContent {
  readonly content: Buffer;
  readonly compressed: Buffer;
}

/** Compresses what every bundle holds, such as install.sh. */
export async function compressShared(content: Buffer): Promise<SharedContent> {
  return { content, compressed: await gzipMember(content) };
}

/**
 * One host's tarball: everything below a folder with the host's name. The shared
 * content is a gzip member of its own, as RFC 1952, 2.2 allows, so that thousands of
 * bundles do not compress it thousands of times.
 */
export async function packBundle(
  host: string,
  entries: readonly BundleEntry[],
  shared: SharedContent,
): Promise<Buffer> {
  const archive = new TarArchive({} satisfies ArchiverOptions);
  const collected = collect(archive);
  for (const folder of foldersOf(host, entries))
    append(archive, '', { name: folder, type: 'directory', mode: 0o755 });
  for (const { name, mode, content } of entries)
    append(archive, content, { name: safeName(`${host}/${name}`), mode });
  await Promise.all([archive.finalize(), collected]);
  const tar = await collected;
  const at = tar.indexOf(shared.content);
  if (at < 0) return gzipMember(tar);
  const before = tar.subarray(0, at);
  const after = tar.subarray(at + shared.content.length);
  const [head, tail] = await Promise.all([gzipMember(before), gzipMember(after)]);
  return Buffer.concat([head, shared.compressed, tail]);
}

async function gzipMember(content: Buffer): Promise<Buffer> {
  const member = await compress(content, { level: 6 });
  // RFC 1952, 2.3: byte 9 is the system that compressed; zlib writes its own.
  member[9] = unknownSystem;
  return member;
}

type EntryData = { name: string; mode: number; type?: 'directory' };

function append(archive: TarArchive, content: Buffer | string, data: EntryData): void {
  // Owner names and numbers reach tar-stream, though archiver's types do not know them.
  const owned = { ...data, date: entryDate, uid: 0, gid: 0, uname: 'root', gname: 'root' };
  archive.append(content, owned);
}

/** archiver strips what it does not like from names without a word; such names are a mistake here. */
function safeName(name: string): string {
  if (/^\/|:|\\|(^|\/)\.\.?(\/|$)/.test(name)) throw new Error(`not a name for an archive entry: ${name}`);
  return name;
}

function foldersOf(host: string, entries: readonly BundleEntry[]): string[] {
  const folders = new Set<string>([`${host}/`]);
  for (const { name } of entries) {
    const parts = name.split('/').slice(0, -1);
    parts.forEach((_, index) => {
      folders.add(`${host}/${parts.slice(0, index + 1).join('/')}/`);
    });
  }
  return [...folders].sort();
}

async function collect(stream: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks);
}
