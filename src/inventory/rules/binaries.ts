/** Rules about where the binaries come from. */
import { parseEndpoint } from '../../lib/endpoint.ts';
import { checkFormat } from '../formats.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

/** How to mend a mirror that is refused for its user. */
export const openMirrorFix = 'name a mirror that serves these public files without a password';

/** What is wrong with a mirror that the command line names, without its text, which may hold a password. */
export function mirrorObjection(mirror: string): string | undefined {
  const problem = checkFormat('url', mirror);
  if (problem !== undefined) return problem.message;
  return namesUser(mirror) ? 'must not name a user: its password would stand in messages' : undefined;
}

function namesUser(mirror: string): boolean {
  return parseEndpoint(mirror)?.hasUser === true;
}

/** A password of the mirror would stand in every manifest, and in the review tree. */
export function* binaryMirrorIsOpen({ inventory: { binaries } }: RuleContext): Iterable<Problem> {
  const { mirror } = binaries ?? {};
  if (mirror === undefined || !namesUser(mirror)) return;
  yield {
    code: 'invalid-url',
    path: ['binaries', 'mirror'],
    message: 'binaries.mirror names a user, and all hosts and reviewers would read the password',
    fix: openMirrorFix,
  };
}
