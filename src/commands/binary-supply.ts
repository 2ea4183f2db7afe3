/** What the bundles' binaries come out of: checked before a render begins, packed while it runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artefactsOf } from '../binaries/artefacts.ts';
import { missingFor } from '../binaries/cache.ts';
import { lockPathOf, readLock } from '../binaries/lock.ts';
import { packBinaries } from '../binaries/pack.ts';
import type { BinarySupply } from '../binaries/programs.ts';
import type { Io } from '../cli/io.ts';
import type { Problem } from '../inventory/problem.ts';
import type { Cluster } from '../model/cluster.ts';

/** Where the official files are kept: `--binaries-dir`, or the user's cache. */
export function binariesDirOf(given: string | undefined, io: Io): string {
  return given ?? join(io.cacheDir, 'binaries');
}

/** What is missing for the inventory's `binaries.source`, told at that key. */
export function supplyProblems(cluster: Cluster, inventory: string, binariesDir: string): Problem[] {
  const { source } = cluster.binaries;
  if (source === 'host') return [];
  const lockPath = lockPathOf(inventory);
  const { unlocked, absent } = missingFor(
    artefactsOf(cluster),
    readLock(lockPath),
    source === 'bundle' ? binariesDir : undefined,
  );
  const problem = (message: string): Problem => ({
    code: 'missing-binaries',
    path: ['binaries', 'source'],
    message,
    fix: `run hardway binaries fetch ${inventory}`,
  });
  return [
    ...(unlocked.length > 0 ? [problem(`${lockPath} has no sum of ${namesOf(unlocked)}`)] : []),
    ...(absent.length > 0 ? [problem(`${binariesDir} lacks ${namesOf(absent)}`)] : []),
  ];
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/**
 * Packs the archives of source `bundle` below an unfinished output; nothing to do for the others.
 * @throws BinariesError when a file in the cache is not what the lock says.
 */
export async function supplyBinaries(
  cluster: Cluster,
  inventory: string,
  binariesDir: string,
  staging: string,
  onProgress: (done: number, total: number) => void,
): Promise<BinarySupply> {
  const { source } = cluster.binaries;
  if (source === 'host') return { source };
  const lock = readLock(lockPathOf(inventory));
  if (source === 'download') return { source, lock };
  const archives = await packBinaries(cluster, lock, binariesDir, join(staging, 'binaries'), onProgress);
  return { source, lock, archives };
}

/**
 * What a render would supply. The sums of archives are known only once they are packed: that is
 * done in a temporary folder, which is then removed.
 */
export async function forecastSupply(
  cluster: Cluster,
  inventory: string,
  binariesDir: string,
): Promise<BinarySupply> {
  const packs = cluster.binaries.source === 'bundle';
  const folder = packs ? mkdtempSync(join(tmpdir(), 'hardway-')) : '';
  try {
    return await supplyBinaries(cluster, inventory, binariesDir, folder, () => {});
  } finally {
    if (packs) rmSync(folder, { recursive: true, force: true });
  }
}
