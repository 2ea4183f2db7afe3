/** What is said between the thread that assembles hosts and the one that writes them. */
import type { PackedBundle } from './pack.ts';
import type { EntriesMessage } from './wire.ts';

/** What a thread is started with. */
export interface WriterSettings {
  readonly staging: string;
  readonly installScript: Uint8Array;
  /** See writerState. */
  readonly state: Int32Array<SharedArrayBuffer>;
}

/** Places in the memory that both threads see: whether to halt, and how many hosts are being written. */
export const writerState = { halted: 0, busy: 1, length: 2 } as const;

export interface WriteRequest {
  readonly id: number;
  readonly host: string;
  readonly entries: EntriesMessage;
}

/** An error as structured clones take it, which drop what Node says of a disk. */
export interface CarriedError {
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly syscall: string | undefined;
  readonly path: string | undefined;
}

export type WriteResponse =
  | { readonly id: number; readonly bundle: PackedBundle }
  | { readonly id: number; readonly error: CarriedError };

/** What another thread can tell of an error. */
export function carried(error: unknown): CarriedError {
  if (!(error instanceof Error)) return carried(new Error(String(error)));
  const { message, stack, code, syscall, path } = error as NodeJS.ErrnoException;
  return { message, stack, code, syscall, path };
}

/** The error that was carried. */
export function errorOf({ message, stack, ...rest }: CarriedError): Error {
  const error = Object.assign(new Error(message), rest);
  if (stack !== undefined) error.stack = stack;
  return error;
}
