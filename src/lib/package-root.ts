/** The package's own files: beside the sources, beside the built command, or inside its single file. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, templates/ and dist/; within the single file a name only. */
export const packageRoot = isSea() ? '/hardway' : findRoot(dirname(fileURLToPath(import.meta.url)));

/** templates/ of the package; its files are read with readPackageFile. */
export const templatesDir = join(packageRoot, 'templates');

/** The bytes of a file of the package, by its path below packageRoot as join() gives it. */
export function readPackageFile(path: string): Buffer {
  return isSea() ? Buffer.from(getAsset(relative(packageRoot, path))) : readFileSync(path);
}

/** The release's version, from package.json. */
export function packageVersion(): string {
  return JSON.parse(readPackageFile(join(packageRoot, 'package.json')).toString()).version;
}

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
