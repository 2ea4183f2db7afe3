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

/** A text of the review tree, with what the manifest says of its file. */
interface ReviewText {
  readonly path: string;
  readonly access: string;
  readonly services: readonly string[];
  /** The buffer or text itself: many hosts share one. */
  readonly source: Buffer | string;
}

/** The texts of hosts, those in the review tree: nothing secret is in them. */
export function clusterTexts(hosts: readonly AssembledHost[]): ClusterTexts {
  const texts: string[] = [];
  const known = new Map<string, number>();
  const indexOf = (text: string) => {
    const index = known.get(text) ?? texts.push(text) - 1;
    known.set(text, index);
    return index;
  };
  const kinds: (Kind & { readonly lines: string[][]; readonly sources: ReviewText['source'][] })[] = [];
  const kindOfKey = new Map<string, number>();
  const found = hosts.map((host): HostTexts => {
    const review = reviewTexts(host);
    const key = review
      .map(({ path, access, services }) => `${path} ${access} ${services.join(',')}`)
      .join('\n');
    const index = kindOfKey.get(key);
    if (index === undefined) {
      kindOfKey.set(key, kinds.length);
      const files = review.map(({ path, access, services, source }) => {
        return { path, access, services, text: indexOf(String(source)), differing: 0 };
      });
      const lines = review.map(({ source }) => String(source).split('\n'));
      kinds.push({ files, lines, sources: review.map(({ source }) => source) });
      return { kind: kinds.length - 1, own: {} };
    }
    const kind = kinds[index];
    const own: Record<number, Edits> = {};
    for (const [place, { source }] of review.entries()) {
      const edits =
        source === kind?.sources[place] ? undefined : editsOf(kind?.lines[place] ?? [], String(source));
      const file = kind?.files[place];
      if (edits === undefined || file === undefined) continue;
      own[place] = edits;
      file.differing++;
    }
    return { kind: index, own };
  });
  return { texts, kinds: kinds.map(({ files }) => ({ files })), hosts: found };
}

/** Files as they lie below `review/HOST/rootfs`, certificates' text forms beside them, and the manifest. */
function reviewTexts({ files, manifest }: AssembledHost): ReviewText[] {
  const texts = files.flatMap(({ path, mode, owner, group, services, review, certificateText }) => {
    const access = `${mode.toString(8).padStart(4, '0')} ${owner}:${group}`;
    const file = { path, access, services, source: review };
    if (certificateText === undefined) return [file];
    return [file, { path: `${path}.txt`, access: '', services: [], source: certificateText }];
  });
  return [...texts, { path: 'manifest', access: '', services: [], source: manifest }];
}

/** Undefined where the text is the same. */
function editsOf(base: readonly string[], text: string): Edits | undefined {
  const lines = text.split('\n');
  if (lines.length !== base.length) return text;
  const edits: (number | string)[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line !== base[index]) edits.push(index, line);
  }
  return edits.length === 0 ? undefined : edits;
}
