/** `hardway init`: a commented starter inventory. */
import { join } from 'node:path';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { readPackageFile, templatesDir } from '../lib/package-root.ts';

export const topologies = ['single', 'ha-stacked', 'ha-external'] as const;

/** Runs the command: prints the starter of a topology. */
export function init(options: { readonly topology: (typeof topologies)[number] }, io: Io): ExitStatus {
  io.stdout(readPackageFile(join(templatesDir, '_starter', `${options.topology}.yaml`)).toString());
  return exitStatus.done;
}
