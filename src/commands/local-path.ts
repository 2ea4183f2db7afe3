/** Files of the operator's machine that an inventory names. */
import { dirname, isAbsolute, join } from 'node:path';

/** Where such a file is: relative to the inventory, or to the current folder where that comes from standard input. */
export function localPath(inventory: string, file: string): string {
  if (isAbsolute(file) || file.startsWith('~/') || inventory === '-') return file;
  return join(dirname(inventory), file);
}
