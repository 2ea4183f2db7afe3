/** What is wrong with binaries, and how to mend it. */

export interface BinariesProblem {
  readonly message: string;
  readonly fix: string;
}

/** Failures that a user can mend. `input`: a file of the user's own is wrong; `environment`: network, disk, cache. */
export class BinariesError extends Error {
  override name = 'BinariesError';
  readonly kind: 'input' | 'environment';
  readonly problems: readonly BinariesProblem[];

  constructor(kind: 'input' | 'environment', problems: readonly BinariesProblem[]) {
    super(problems.map(({ message }) => message).join('\n'));
    this.kind = kind;
    this.problems = problems;
  }
}

/** A file that is not what its sum says. */
export function wrongSum(file: string, wanted: string, found: string, fix: string): BinariesProblem {
  return {
    message: `${file} is not what it should be:\n  SHA-256 wanted ${wanted}\n  SHA-256 found  ${found}`,
    fix,
  };
}

/** Throws what went wrong in several jobs: the problems of all at once, unless one of them is of another kind. */
export function throwFailures(failures: readonly unknown[]): void {
  const own = failures.filter((error) => error instanceof BinariesError);
  const other = failures.find((error) => !(error instanceof BinariesError));
  if (other !== undefined) throw other;
  const [first] = own;
  if (first !== undefined)
    throw new BinariesError(
      first.kind,
      own.flatMap(({ problems }) => problems),
    );
}
