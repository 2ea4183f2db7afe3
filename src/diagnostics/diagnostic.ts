/** What is wrong with an input, where, and how to mend it. Plain values: collected, sorted and printed once. */
import type { DiagnosticCode } from './codes.ts';

/** Offsets into the source text, in UTF-16 code units; `end` is exclusive. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
}

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning';
  /** Path of the value in the inventory: `['hosts', 2, 'address']`. */
  readonly path: readonly (string | number)[];
  readonly range: SourceRange;
  /** What is wrong, what was found, what is wanted; no final full stop. */
  readonly message: string;
  /** Another place in the source that explains this one. */
  readonly related?: { readonly range: SourceRange; readonly message: string };
  /** How to mend it, as an imperative. */
  readonly fix?: string;
}

/** The text that diagnostics point into. */
export interface Source {
  /** As the user named it; `-` becomes `<stdin>`. */
  readonly file: string;
  readonly text: string;
}
