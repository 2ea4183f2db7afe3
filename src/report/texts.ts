/**
 * The files of all hosts in little room. Hosts with the same files at the same places are of one kind;
 * the texts of its first host stand there whole, each different text of the cluster once, and another
 * host has only the lines in which it differs.
 */
import type { AssembledHost } from '../assembly/assemble.ts';

/** A file that every host of a kind has. */
export interface KindFile {
  readonly path: string;
  /** Mode and owner, `0644 root:root`; empty for what only stands beside a file. */
  readonly access: string;
  /** Units that a change restarts. */
  readonly services: readonly string[];
  /** Index of the first host's text. */
  readonly text: number;
  /** How many of the kind's hosts have another text. */
  differing: number;
}

export interface Kind {
  readonly files: readonly KindFile[];
}

/**
 * How a host's text differs from that of its kind: pairs of a line from 0 on and what it reads there,
 * one after another; or the whole text, where lines do not match one another.
 */
export type Edits = string | readonly (number | string)[];

export interface HostTexts {
  readonly kind: number;
  /** By index of the kind's file; a file that does not differ is not there. */
  readonly own: Readonly<Record<number, Edits>>;
}

export interface ClusterTexts {
  readonly texts: readonly string[];
  readonly kinds: readonly Kind[];
  /** In the order of the hosts. */
  readonly hosts: readonly HostTexts[];
}

/** The first host of a kind, and its texts by line. */
interface First {
  readonly host: RenderedTexts;
  readonly sources: readonly Source[];
  readonly lines: readonly (readonly string[])[];
  readonly kind: Kind;
}

/** A text's buffer or string itself: many hosts share one. */
type Source = Buffer | string;

/** The texts of hosts that are added one after another, those in the review tree: nothing secret is in them. */
export function createTexts(): {
  readonly found: ClusterTexts;
  readonly add: (host: RenderedTexts, index: number) => void;
} {
  const texts: string[] = [];
  const known = new Map<string, number>();
  const indexOf = (text: string) => {
    const index = known.get(text) ?? texts.push(text) - 1;
    known.set(text, index);
    return index;
  };
  const firsts: First[] = [];
  const kinds: Kind[] = [];
  const hosts: HostTexts[] = [];
  const textsOf = (host: RenderedTexts): HostTexts => {
    const kind = firsts.findIndex((first) => areAlike(first.host, host));
    const alike = firsts[kind];
    if (alike !== undefined) return { kind, own: ownTexts(alike, sourcesOf(host)) };
    const first = firstOf(host, indexOf);
    firsts.push(first);
    kinds.push(first.kind);
    return { kind: kinds.length - 1, own: {} };
  };
  const add = (host: RenderedTexts, index: number) => {
    hosts[index] = textsOf(host);
  };
  return { found: { texts, kinds, hosts }, add };
}

/** What the texts of a host are taken from. */
type RenderedTexts = Pick<AssembledHost, 'files' | 'manifest'>;

/** Whether two hosts have the same files at the same places. */
function areAlike(left: RenderedTexts, right: RenderedTexts): boolean {
  if (left.files.length !== right.files.length) return false;
  return left.files.every((file, index) => {
    const other = right.files[index];
    return (
      other !== undefined &&
      file.path === other.path &&
      file.mode === other.mode &&
      file.owner === other.owner &&
      file.group === other.group &&
      (file.certificateText === undefined) === (other.certificateText === undefined) &&
      (file.services === other.services || file.services.join() === other.services.join())
    );
  });
}

function firstOf(host: RenderedTexts, indexOf: (text: string) => number): First {
  const sources = sourcesOf(host);
  const texts = sources.map(String);
  const files = host.files.flatMap(({ path, mode, owner, group, services, certificateText }) => {
    const access = `${mode.toString(8).padStart(4, '0')} ${owner}:${group}`;
    const file = { path, access, services };
    return certificateText === undefined ? [file] : [file, beside(`${path}.txt`)];
  });
  const kind = {
    files: [...files, beside('manifest')].map((file, index) => ({
      ...file,
      text: indexOf(texts[index] ?? ''),
      differing: 0,
    })),
  };
  return { host, sources, lines: texts.map((text) => text.split('\n')), kind };
}

/** What stands in the review tree and is no file of the host. */
function beside(path: string): Pick<KindFile, 'path' | 'access' | 'services'> {
  return { path, access: '', services: [] };
}

/** Files as they lie below `review/HOST/rootfs`, certificates' text forms beside them, and the manifest. */
function sourcesOf({ files, manifest }: RenderedTexts): Source[] {
  const sources: Source[] = [];
  for (const { review, certificateText } of files) {
    sources.push(review);
    if (certificateText !== undefined) sources.push(certificateText);
  }
  sources.push(manifest);
  return sources;
}

function ownTexts({ sources, lines, kind }: First, own: readonly Source[]): Record<number, Edits> {
  const found: Record<number, Edits> = {};
  for (let place = 0; place < own.length; place++) {
    const source = own[place];
    const file = kind.files[place];
    if (source === undefined || source === sources[place] || file === undefined) continue;
    const edits = editsOf(lines[place] ?? [], String(source));
    if (edits === undefined) continue;
    found[place] = edits;
    file.differing++;
  }
  return found;
}

/** Undefined where the text is the same. No line is cut out but those that differ: there are hundreds of thousands. */
function editsOf(base: readonly string[], text: string): Edits | undefined {
  const edits: (number | string)[] = [];
  const last = base.length - 1;
  let start = 0;
  for (let index = 0; index < last; index++) {
    const line = base[index] ?? '';
    const isSame = text.startsWith(line, start) && text.charCodeAt(start + line.length) === newline;
    const end = isSame ? start + line.length : text.indexOf('\n', start);
    if (end < 0) return text;
    if (!isSame) edits.push(index, detached(text.slice(start, end)));
    start = end + 1;
  }
  if (text.includes('\n', start)) return text;
  const end = text.slice(start);
  if (end !== base[last]) edits.push(last, detached(end));
  // A copy: an array that has grown has room for more.
  return edits.length === 0 ? undefined : edits.slice();
}

/** A copy: to V8 a slice is a place in the whole text, which it would keep alive. */
function detached(slice: string): string {
  return Buffer.from(slice).toString();
}

const newline = 10;
