/** What the inventory says that the next version does not take: the rules at both versions, compared. */
import { successors } from '../catalog/upgrades/successors.ts';
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts';
import { diagnosticsToJson, sortDiagnostics } from '../diagnostics/format.ts';
import type { LoadedAt } from '../inventory/load.ts';
import type { Problem } from '../inventory/problem.ts';
import { componentKeys } from '../model/cluster.ts';
import { goneProblems } from './gone.ts';
import type { Place, UpgradeItem } from './item.ts';

/** Items for what is written in the inventory and means trouble only from the later version on. */
export function writtenItems(before: LoadedAt, after: LoadedAt, source: Source): UpgradeItem[] {
  const known = new Set(before.diagnostics.map(identityOf));
  const found = after.diagnostics.filter((one) => !known.has(identityOf(one)));
  // Where a rule has something as grave to say of the same value, that is enough.
  const placeOf = ({ severity = 'error', path }: Pick<Problem, 'severity' | 'path'>) =>
    JSON.stringify([severity, path]);
  const told = new Set(found.map(placeOf));
  const gone = goneProblems(before, after).filter((one) => !told.has(placeOf(one)));
  return merge(sortDiagnostics([...found, ...gone.map(after.locate)]), source);
}

/** The same trouble at both versions; the message may name the version, hence does not count. */
function identityOf({ code, severity, path }: Diagnostic): string {
  return JSON.stringify([code, severity, path]);
}

/** One item for what is wrong in the same way at several places. */
function merge(diagnostics: readonly Diagnostic[], source: Source): UpgradeItem[] {
  const items = new Map<string, UpgradeItem & { readonly places: Place[] }>();
  for (const diagnostic of diagnostics) {
    const [json] = diagnosticsToJson(source, [diagnostic]);
    if (json === undefined) continue;
    const { line, column, path, message } = json;
    const item = items.get(message) ?? {
      kind: diagnostic.severity === 'error' ? ('blocks' as const) : ('check' as const),
      subject: 'inventory',
      message,
      ...fixOf(diagnostic),
      places: [],
    };
    item.places.push({ line, column, path });
    items.set(message, item);
  }
  return [...items.values()];
}

/** The fix of the rule, or better the successor where the table has one. */
function fixOf({ code, path, fix }: Diagnostic): { readonly fix?: string } {
  const [component, part, name] = path.slice(-3).map(String);
  const key = componentKeys.find((one) => one === component);
  const successor = part === 'args' && key !== undefined ? successors[key][name ?? ''] : undefined;
  if (successor !== undefined && code === 'flag-version') return { fix: `delete it; ${successor}` };
  if (successor !== undefined && code === 'flag-deprecated') return { fix: successor };
  return fix === undefined ? {} : { fix };
}
