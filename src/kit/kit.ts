/**
 * A render, and what it needs beside it at a site without internet: archives of binaries and
 * images, sums of everything, a how-to, and this command itself. Everything stands in the
 * output folder of the render before that is swapped in.
 */
import { chmodSync, copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forEachLimited } from '../lib/parallel.ts';
import { sumOf } from '../lib/sum.ts';
import type { Cluster } from '../model/cluster.ts';

/** The name of this command in a kit. */
export const programName = 'hardway';

/** What a render's folder never holds and a kit always does: the lines to run at the site. */
export const howtoName = 'HOWTO.txt';

/** What is in a kit; mode 0700 as a render's bundles, since keys are in them. */
export interface KitContents {
  /** Relative to the kit. */
  readonly files: readonly string[];
}

/** A site that needs a kit has no place to download from, and nobody to put binaries on hosts by hand. */
export function withBinaries(cluster: Cluster): Cluster {
  return { ...cluster, binaries: { ...cluster.binaries, source: 'bundle' } };
}

/** Puts this command, the single file of `make binary`, into an unfinished kit. */
export function addProgram(staging: string, program: string): void {
  copyFileSync(program, join(staging, programName));
  chmodSync(join(staging, programName), 0o755);
}

const sumsName = 'SHA256SUMS';
const concurrency = 4;

/** Writes the sums of all files of an unfinished kit, as sha256sum reads them. */
export async function writeSums(staging: string): Promise<KitContents> {
  const files = readdirSync(staging, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(staging.length + 1))
    .filter((name) => name !== sumsName)
    .sort();
  const sums = new Map<string, string>();
  await forEachLimited(files, concurrency, async (name) => {
    sums.set(name, await sumOf(join(staging, name)));
  });
  writeFileSync(join(staging, sumsName), files.map((name) => `${sums.get(name)}  ${name}\n`).join(''), {
    mode: 0o644,
  });
  return { files };
}
