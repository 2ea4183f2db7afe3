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
import {
  fitsHeader,
  type HeaderPattern,
  headersIn,
  paddedLength,
  patternOf,
  tarBlock,
  writeHeader,
} from './tar-header.ts';

/** No moment means anything here, but tar wants one, and make compares it. */
const entryDate = new Date('2000-01-01T00:00:00Z');

const unknownSystem = 255;

/** What a tar says of a file. */
type PackedEntry = Pick<BundleEntry, 'name' | 'mode' | 'content'>;

/** The end of every bundle's tar, compressed once: the bytes of install.sh and what tar puts behind them. */
interface SharedEnd {
  readonly content: Buffer;
  readonly compressed: Buffer;
}

/** Packs one host's entries; see createPacker. */
export type Packer = (host: string, entries: readonly PackedEntry[]) => Promise<Buffer>;

/** The end of a tar whose last entry has these bytes: padding to a block, then two empty blocks. */
export function compressEnd(lastContent: Buffer): SharedEnd {
  const tar = Buffer.alloc(paddedLength(lastContent.length) + 2 * tarBlock);
  lastContent.copy(tar);
  return { content: lastContent, compressed: gzipMember(tar, 9) };
}

/**
 * Packs hosts one after another, each into a tarball of everything below a folder with the
 * host's name. The shared end is a gzip member of its own, as RFC 1952, 2.2 allows, so that
 * thousands of bundles do not compress install.sh thousands of times; and archiver writes
 * one header for all files of one mode and size, which differ in their names alone.
 */
export function createPacker(end: SharedEnd): Packer {
  const known: KnownKinds = new Map();
  return async (host, entries) => {
    const files = entries.map((entry) => namedBelow(host, entry));
    const own = await headersOf(files, known);
    const hasSharedEnd = files.at(-1)?.content.equals(end.content) === true;
    const tar = tarOf(files, known, own, hasSharedEnd ? files.length - 1 : files.length);
    return hasSharedEnd ? Buffer.concat([gzipMember(tar, 1), end.compressed]) : gzipMember(tar, 1);
  };
}

/** A file below its host's folder, with what of its header does not depend on that. */
interface Named extends PackedEntry {
  readonly kind: string;
}

function namedBelow(host: string, { name, mode, content }: PackedEntry): Named {
  return { name: safeName(`${host}/${name}`), mode, content, kind: `${mode} ${content.length}` };
}

/** Headers as archiver has written them for a file of each kind. */
type KnownKinds = Map<string, HeaderPattern>;

/** The headers that are no pattern's: those of names that do not fit. Learns the kinds that are new. */
async function headersOf(files: readonly Named[], known: KnownKinds): Promise<ReadonlyMap<Named, Buffer>> {
  const made = await makeHeaders(files.filter(({ name, kind }) => !fitsHeader(name) || !known.has(kind)));
  for (const [{ name, kind }, header] of made) if (fitsHeader(name)) known.set(kind, patternOf(header));
  return new Map([...made].filter(([{ name }]) => !fitsHeader(name)));
}

/** A tar of files, of which the first `whole` have their content and the others only their header; an end, where all are whole. */
function tarOf(
  files: readonly Named[],
  known: KnownKinds,
  own: ReadonlyMap<Named, Buffer>,
  whole: number,
): Buffer {
  const isEnded = whole === files.length;
  const lengths = files.map((file, index) => {
    const header = own.get(file)?.length ?? tarBlock;
    return header + (index < whole ? paddedLength(file.content.length) : 0);
  });
  const tar = Buffer.alloc(lengths.reduce((sum, length) => sum + length, isEnded ? 2 * tarBlock : 0));
  let at = 0;
  for (const [index, file] of files.entries()) {
    const header = own.get(file);
    const pattern = known.get(file.kind);
    if (header !== undefined) header.copy(tar, at);
    else if (pattern !== undefined) writeHeader(tar, at, pattern, file.name);
    if (index < whole) file.content.copy(tar, at + (header?.length ?? tarBlock));
    at += lengths[index] ?? 0;
  }
  return tar;
}

/** The headers of files as archiver writes them. */
async function makeHeaders(files: readonly Named[]): Promise<ReadonlyMap<Named, Buffer>> {
  if (files.length === 0) return new Map();
  const archive = new TarArchive({} satisfies ArchiverOptions);
  const collected = collect(archive);
  for (const { name, mode, content } of files) append(archive, content, { name, mode });
  const [tar] = await Promise.all([collected, archive.finalize()]);
  const headers = headersIn(
    tar,
    files.map(({ content }) => content.length),
  );
  return new Map(files.map((file, index) => [file, headers[index] ?? Buffer.alloc(0)]));
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
