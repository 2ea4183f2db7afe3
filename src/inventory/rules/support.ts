/** What the schema knows but this version cannot render: one row each, so that support means deleting a row. */
import type { Path, Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import type { WrittenInventory } from '../schema.ts';

interface UnsupportedRow {
  readonly what: string;
  readonly path: Path;
  readonly isWritten: (inventory: WrittenInventory) => boolean;
  readonly fix: string;
}

const unsupported: readonly UnsupportedRow[] = [
  {
    what: 'addons.extra',
    path: ['addons', 'extra'],
    isWritten: ({ addons }) => (addons?.extra ?? []).length > 0,
    fix: 'delete "extra" and apply the manifests with kubectl',
  },
];

/** Nothing is asked for that cannot be rendered yet. */
export function* whatIsWrittenIsSupported({ inventory }: RuleContext): Iterable<Problem> {
  for (const { what, path, isWritten, fix } of unsupported) {
    if (isWritten(inventory)) yield notYet(what, path, fix);
  }
}

function notYet(what: string, path: Path, fix: string): Problem {
  return { code: 'not-supported-yet', path, message: `${what} cannot be rendered yet`, fix };
}
