/** Where the package's own files are, from the sources as well as from the built command. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, templates/ and dist/. */
export const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** templates/ of the package. */
export const templatesDir = join(packageRoot, 'templates');

/** The release's version, from package.json. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version;
}

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
