/** What the linter finds about one flag, field, gate or variable; the caller knows where it stands. */
import type { DiagnosticCode } from '../diagnostics/codes.ts';

export interface Flaw {
  readonly code: DiagnosticCode;
  /** An error unless told. */
  readonly severity?: 'error' | 'warning';
  /** Whether the name itself is meant rather than its value. */
  readonly atKey?: boolean;
  /** The way from the thing that was looked at to what is wrong: fields and items below it. */
  readonly steps?: readonly (string | number)[];
  readonly message: string;
  readonly fix?: string;
}
