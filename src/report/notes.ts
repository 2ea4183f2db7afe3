/**
 * What a report keeps of hosts while they are rendered. The texts of thousands of them, as the review tree
 * has them, are hundreds of megabytes: of each host only what tells it from its kind is noted.
 */
import type { AssembledHost } from '../assembly/assemble.ts';
import { remembered } from '../lib/remember.ts';
import type { DirectorySpec } from '../model/file.ts';
import { type ClusterTexts, createTexts } from './texts.ts';

export interface HostNote {
  readonly directories: readonly DirectorySpec[];
  readonly units: readonly string[];
  /** Paths of files that have a form without secrets: what stands in them is not shown as it is. */
  readonly secretFiles: ReadonlySet<string>;
}

export interface ReportNotes {
  /** In inventory order. */
  readonly hosts: readonly HostNote[];
  readonly texts: ClusterTexts;
}

/** Notes that grow with each host; `index` is its place in the inventory. */
export function createNotes(): ReportNotes & {
  readonly add: (host: AssembledHost, index: number) => void;
} {
  const texts = createTexts();
  const hosts: HostNote[] = [];
  // Hosts of a kind have one and the same set.
  const setOf = remembered((paths: string): ReadonlySet<string> => new Set(paths.split('\n')));
  return {
    hosts,
    texts: texts.found,
    add: (host, index) => {
      texts.add(host, index);
      const secretFiles = host.files.filter(({ content, review }) => content !== review);
      hosts[index] = {
        directories: host.directories,
        units: host.units.map(({ name }) => name),
        secretFiles: setOf(secretFiles.map(({ path }) => path).join('\n')),
      };
    },
  };
}
