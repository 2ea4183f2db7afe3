/** Where bundles lie: the output folder of a render, or any folder with tarballs. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A folder without bundles. */
export class BundleFolderError extends Error {
  readonly fix = 'name the output folder of a render, or a folder with bundles (NAME.tar.gz)';
}

export interface FoundBundle {
  /** The host's name, by the name of the file. */
  readonly name: string;
  readonly file: string;
  /** Undefined for what is no ordinary file, or too large for a bundle. */
  readonly read: (() => Buffer) | undefined;
}

const ending = '.tar.gz';
const mostBytes = 64 * 1024 * 1024;

/** The bundles of OUT/bundles, or of the folder itself, by name. @throws BundleFolderError */
export function findBundles(out: string): FoundBundle[] {
  const stat = lstatSync(out, { throwIfNoEntry: false });
  if (stat === undefined) throw new BundleFolderError(`${out}: there is no such folder`);
  const folder = existsSync(join(out, 'bundles')) ? join(out, 'bundles') : out;
  const names = isFolder(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)) : [];
  if (names.length === 0) throw new BundleFolderError(`${out}: there are no bundles`);
  return names.sort().map((name) => {
    const file = join(folder, name);
    const { size } = lstatSync(file);
    const isUsable = lstatSync(file).isFile() && size <= mostBytes;
    return { name: basename(name, ending), file, read: isUsable ? () => readFileSync(file) : undefined };
  });
}

function isFolder(path: string): boolean {
  return lstatSync(path).isDirectory() || (lstatSync(path).isSymbolicLink() && existsSync(join(path, '.')));
}

/** The sums of OUT/SHA256SUMS by host; undefined where there is no such file. */
export function listedSums(out: string): ReadonlyMap<string, string> | undefined {
  const file = join(out, 'SHA256SUMS');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, sum, name] = /^([0-9a-f]{64}) [ *](?:bundles\/)?([^/]+)\.tar\.gz$/.exec(line) ?? [];
      return sum === undefined || name === undefined ? [] : [[name, sum] as const];
    }),
  );
}
