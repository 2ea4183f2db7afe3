/** Where official files are kept on this machine: by host and path of their URL, so that a web server makes a mirror of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Artefact } from './artefacts.ts';
import type { Lock } from './lock.ts';

/** A file's place in the cache. */
export function cachedFile(cacheDir: string, { path }: Artefact): string {
  return join(cacheDir, path);
}

/** What a render wants and the lock or the cache lacks; nothing is read. */
export function missingFor(
  artefacts: readonly Artefact[],
  lock: Lock,
  cacheDir: string | undefined,
): { readonly unlocked: readonly string[]; readonly absent: readonly string[] } {
  const names = artefacts.flatMap(({ path, binaries }) => [
    path,
    ...binaries.map(({ lockName }) => lockName),
  ]);
  return {
    unlocked: [...new Set(names)].filter((name) => !lock.has(name)),
    absent:
      cacheDir === undefined
        ? []
        : artefacts.filter((one) => !existsSync(cachedFile(cacheDir, one))).map(({ path }) => path),
  };
}
