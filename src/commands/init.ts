/** `hardway init`: a commented starter inventory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { templatesDir } from '../lib/package-root.ts';

export const topologies = ['single', 'ha-stacked', 'ha-external'] as const;

/** Runs the command: prints the starter of a topology. */
export function init(options: { readonly topology: (typeof topologies)[number] }, io: Io): ExitStatus {
  io.stdout(readFileSync(join(templatesDir, '_starter', `${options.topology}.yaml`), 'utf8'));
  return exitStatus.done;
}
