/** A command's way to the outside: results to standard output, diagnostics to standard error. */

export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Bytes of a file, or of standard input for `-`. */
  readonly readInput: (path: string) => Uint8Array;
  /** A file that an inventory names, of at most 1 MiB unless told; `~/` is the user's home. */
  readonly readLocalFile: (path: string, mostMebibytes?: number) => LocalFile;
  /** Whether standard error is a terminal that a progress bar can be drawn on. */
  readonly isTerminal: boolean;
  /** Columns of that terminal. */
  readonly columns: number;
  /** Whether standard error takes colours. */
  readonly color: boolean;
  /** Whether standard output does. */
  readonly colorsOutput: boolean;
  /** Where this user's cache of hardway is, as the XDG Base Directory Specification says; need not exist. */
  readonly cacheDir: string;
  /** The file of this command where it is a single file, see `make binary`. */
  readonly ownProgram: string | undefined;
  readonly now: () => Date;
  /** Runs `cleanup` when a signal ends the command early; returns how to forget it. */
  readonly onInterrupt: (cleanup: () => void) => () => void;
}

/** A small text file with its permission bits, or why it cannot be read. */
export type LocalFile = { readonly text: string; readonly mode: number } | { readonly problem: string };

/** The inventory of a command that is given none. */
export const defaultInventory = 'inventory.yaml';

/** Options that every command has. */
export interface CommonOptions {
  readonly format: 'text' | 'json';
  readonly quiet: boolean;
}
