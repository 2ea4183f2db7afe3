/** Rules about where the binaries come from. */
import { parseEndpoint } from '../../lib/endpoint.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

/** A password of the mirror would stand in every manifest, and in the review tree. */
export function* binaryMirrorIsOpen({ inventory: { binaries } }: RuleContext): Iterable<Problem> {
  const { mirror } = binaries ?? {};
  if (mirror === undefined || parseEndpoint(mirror)?.hasUser !== true) return;
  yield {
    code: 'invalid-url',
    path: ['binaries', 'mirror'],
    message: 'binaries.mirror names a user, and all hosts and reviewers would read the password',
    fix: 'name a mirror that serves these public files without a password',
  };
}
