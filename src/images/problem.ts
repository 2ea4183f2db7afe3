/** Why an image cannot be had: told to the operator as it is, never as a stack trace. */
export class ImageProblem extends Error {
  override name = 'ImageProblem';
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/** What to do where a source has not what was asked of it. */
export const otherSourceFix =
  'correct the name, or name a mirror in runtime.registryMirrors, or a local copy with --from';

/** What could not be had, each thing with its way out. */
export class ImageProblems extends Error {
  override name = 'ImageProblems';
  readonly problems: readonly ImageProblem[];

  constructor(problems: readonly ImageProblem[]) {
    super(problems.map(({ message }) => message).join('; '));
    this.problems = problems;
  }
}
