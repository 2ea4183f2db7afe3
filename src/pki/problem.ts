/** Why a store cannot be used. Problems are collected and thrown together; none holds key material. */

export type PkiProblemKind =
  | 'not-a-store'
  | 'symbolic-link'
  | 'not-a-file'
  | 'key-without-certificate'
  | 'certificate-without-key'
  | 'external-authority'
  | 'key-mismatch'
  | 'foreign-certificate'
  | 'unreadable-certificate'
  | 'unreadable-key'
  | 'encrypted-key'
  | 'not-an-authority'
  | 'weak-authority'
  | 'authority-expired'
  | 'authority-not-yet-valid'
  | 'missing'
  | 'malformed-secret'
  | 'broken-journal'
  | 'not-encodable'
  | 'locked'
  | 'disk';

export interface PkiProblem {
  readonly kind: PkiProblemKind;
  /** What is wrong; no final full stop. */
  readonly message: string;
  /** The file or folder it is about. */
  readonly path: string;
  /** How to mend it, as an imperative. */
  readonly fix: string;
}

/** The store is refused; nothing in it has changed. `kind`, `path` and `fix` are those of the first problem. */
export class PkiStoreError extends Error {
  override name = 'PkiStoreError';
  readonly problems: readonly PkiProblem[];
  readonly kind: PkiProblemKind;
  readonly path: string;
  readonly fix: string;

  constructor(first: PkiProblem, others: readonly PkiProblem[] = [], options?: ErrorOptions) {
    const problems = [first, ...others];
    super(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'), options);
    this.problems = problems;
    this.kind = first.kind;
    this.path = first.path;
    this.fix = first.fix;
  }
}

/** Throws all problems at once when there are any. */
export function refuse(problems: readonly PkiProblem[]): void {
  const [first, ...others] = problems;
  if (first !== undefined) throw new PkiStoreError(first, others);
}

/** Whether the environment is to blame (disk, permissions, a lock) rather than what stands in the store. */
export function isEnvironmentProblem(kind: PkiProblemKind): boolean {
  return kind === 'disk' || kind === 'locked';
}
