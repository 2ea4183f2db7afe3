/** Reads files of the operator's machine that an inventory names. */
import { accessSync, constants, readFileSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { LocalFile } from './io.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'it is a link to itself',
  ENAMETOOLONG: 'the name is too long for a file',
};

/** A file's text and mode, or why it cannot be had. Pipes and devices are not waited for. */
export function readLocalFile(path: string, mostMebibytes = 1): LocalFile {
  const full = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  try {
    const stat = statSync(full);
    const problem = objectionTo(stat);
    if (problem !== undefined) return { problem };
    if (stat.size > mostMebibytes * 1_048_576) return { problem: `it is larger than ${mostMebibytes} MiB` };
    return { text: readFileSync(full, 'utf8'), mode: stat.mode & 0o7777 };
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

/** Why a path of the command line is no plain file that can be read; undefined: it is one. */
export function fileObjection(path: string): string | undefined {
  try {
    const problem = objectionTo(statSync(path));
    if (problem === undefined) accessSync(path, constants.R_OK);
    return problem;
  } catch (error) {
    return reasonOf(error);
  }
}

function objectionTo(stat: Stats): string | undefined {
  if (stat.isDirectory()) return 'it is a folder';
  return stat.isFile() ? undefined : 'it is not a plain file';
}

function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message;
}
