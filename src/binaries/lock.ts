/**
 * `binaries.lock` beside the inventory: the SHA-256 of every official file and of the programs
 * in it, to be reviewed and committed as the inventory is. Lines as sha256sum writes them, so that
 * `sha256sum --ignore-missing -c` in the cache reads it too.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-write.ts';
import { BinariesError } from './problem.ts';

/** Sums in hex by name, see Artefact.path and Binary.lockName. */
export type Lock = ReadonlyMap<string, string>;

const header = `# SHA-256 of the official files, and after "#" of the programs in them. Written by "hardway binaries fetch";
# the sums were read from where the files are published, never from a mirror. A file that differs is refused.
`;

/** Where the lock of an inventory is: beside it, for standard input in the current folder. */
export function lockPathOf(inventory: string): string {
  return join(inventory === '-' ? '.' : dirname(inventory), 'binaries.lock');
}

/**
 * Reads a lock; one that is not there is empty.
 * @throws BinariesError about a lock that cannot be read, or a line that is none of its own.
 */
export function readLock(path: string): Lock {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return new Map();
    throw new BinariesError('input', [
      { message: `cannot read ${path}: ${message}`, fix: 'make it a readable file' },
    ]);
  }
  return parseLock(text, path);
}

/** The sums in a lock's text; all lines that are wrong are told at once. */
export function parseLock(text: string, path: string): Lock {
  const sums = new Map<string, string>();
  const problems = text.split('\n').flatMap((line, index) => {
    if (line === '' || line.startsWith('#')) return [];
    const [, sum = '', name = ''] = lineShape.exec(line) ?? [];
    const message = `${path}:${index + 1}:1: not a sum and a name: ${JSON.stringify(line.slice(0, 120))}`;
    if (name === '')
      return [
        { message, fix: 'write SHA256, two blanks, NAME; or delete the line and run hardway binaries fetch' },
      ];
    if ((sums.get(name) ?? sum) !== sum) {
      const twice = `${path}:${index + 1}:1: a second sum of ${name}`;
      return [{ message: `${twice}: ${sums.get(name)} and ${sum}`, fix: 'delete the wrong line of the two' }];
    }
    sums.set(name, sum);
    return [];
  });
  if (problems.length > 0) throw new BinariesError('input', problems);
  return sums;
}

/** No `..`, no blanks, nothing that a shell or a terminal could take for its own. */
const lineShape = /^([0-9a-f]{64}) [ *]((?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._:/+-]*(?:#[A-Za-z0-9._/+-]+)?)$/;

/** The text of a lock, in the order of the names. */
export function lockText(lock: Lock): string {
  const lines = [...lock].sort(([left], [right]) => (left < right ? -1 : 1));
  return header + lines.map(([name, sum]) => `${sum}  ${name}\n`).join('');
}

/** Writes a lock, unless it says the same already. */
export function writeLock(path: string, before: Lock, lock: Lock): boolean {
  if (lockText(before) === lockText(lock)) return false;
  writeFileAtomic(path, lockText(lock), 0o644);
  return true;
}
