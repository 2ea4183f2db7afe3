/** What a check of something finished finds: where, what, and how to mend it. */
export interface Finding {
  /** The row that found it, see verify/verify.ts. */
  readonly check: string;
  /** With an error the cluster does not come up as planned; a warning can wait. */
  readonly severity: 'error' | 'warning';
  readonly host: string;
  /** Absolute path on the host; undefined where no single file is meant. */
  readonly file: string | undefined;
  /** From 1 on; undefined where the whole file is meant. */
  readonly line: number | undefined;
  readonly message: string;
  readonly fix: string;
}
