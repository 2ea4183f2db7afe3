/** What other stages need to know of an archive of images that was written. */
import type { Architecture } from './cluster.ts';

export interface ImageArchive {
  readonly architecture: Architecture;
  /** `images-amd64.tar` */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly images: readonly {
    /** As container runtimes keep it. */
    readonly name: string;
    /** Of its manifest for this architecture. */
    readonly digest: string;
    readonly source: string;
  }[];
}
