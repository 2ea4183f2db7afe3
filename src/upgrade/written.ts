/** What the inventory says that the next version does not take: the rules at both versions, compared. */
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts';
import { diagnosticsToJson } from '../diagnostics/format.ts';
import type { LoadedAt } from '../inventory/load.ts';
import type { Place, UpgradeItem } from './item.ts';

/** Items for what is written in the inventory and means trouble only from the later version on. */
export function writtenItems(before: LoadedAt, after: LoadedAt, source: Source): UpgradeItem[] {
  const known = new Set(before.diagnostics.map(identityOf));
  return merge(
    after.diagnostics.filter((one) => !known.has(identityOf(one))),
    source,
  );
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
      ...(diagnostic.fix === undefined ? {} : { fix: diagnostic.fix }),
      places: [],
    };
    item.places.push({ line, column, path });
    items.set(message, item);
  }
  return [...items.values()];
}
