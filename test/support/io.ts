/** A command's surroundings in memory, with a clock that stands still. */
import { readFileSync } from 'node:fs';
import type { Io } from '../../src/cli/io.ts';
import { readLocalFile } from '../../src/cli/local-file.ts';

export interface MemoryIo extends Io {
  readonly output: () => string;
  readonly errors: () => string;
}

/** What a command prints is kept; files are read as they are. */
export function memoryIo(
  options: {
    readonly now?: Date;
    readonly isTerminal?: boolean;
    readonly input?: string;
    readonly colorsOutput?: boolean;
  } = {},
): MemoryIo {
  const output: string[] = [];
  const errors: string[] = [];
  return {
    stdout: (text) => output.push(text),
    stderr: (text) => errors.push(text),
    readLocalFile,
    readInput: (path) => (path === '-' ? Buffer.from(options.input ?? '') : readFileSync(path)),
    isTerminal: options.isTerminal ?? false,
    columns: 80,
    color: false,
    ownProgram: undefined,
    cacheDir: '/nonexistent',
    colorsOutput: options.colorsOutput ?? false,
    now: () => options.now ?? new Date(),
    onInterrupt: () => () => {},
    output: () => output.join(''),
    errors: () => errors.join(''),
  };
}
