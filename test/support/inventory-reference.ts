/** The table of schema.ts as Markdown, for docs/inventory.md. Pure: the same schema gives the same text. */
import { formats } from '../../src/inventory/formats.ts';
import { inventoryType } from '../../src/inventory/schema.ts';
import { defaultText, type Key, type Keys, type MapType, type Type } from '../../src/inventory/types.ts';

/** One section for each key at the top, with a table of all keys below it. */
export function inventoryReference(): string {
  const places = new Map<MapType, string>();
  const sections = Object.entries<Key>(inventoryType.keys).map(([name, key]) => section(name, key, places));
  return sections.join('\n');
}

interface Row {
  readonly path: string;
  readonly key: Key;
  readonly type: string;
}

function section(name: string, key: Key, places: Map<MapType, string>): string {
  const below = keysBelow(key.type);
  const rows = below === undefined ? [rowOf(name, key)] : rowsOf(below.keys, below.prefix(name), places);
  const of = key.type;
  if (of.kind === 'map') places.set(of, name);
  const lines = rows.map(
    ({ path, key, type }) => `| \`${path}\` | ${type} | ${defaultCell(key)} | ${cell(key.meaning)} |`,
  );
  return [
    `### ${name}`,
    '',
    `${key.meaning}.`,
    '',
    '| key | type | default | meaning |',
    '| --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

/** The keys of a map, or of the maps that a list holds. */
function keysBelow(
  type: Type,
): { readonly keys: Keys; readonly prefix: (name: string) => string } | undefined {
  if (type.kind === 'map') return { keys: type.keys, prefix: (name) => `${name}.` };
  if (type.kind === 'list' && type.of.kind === 'map')
    return { keys: type.of.keys, prefix: (name) => `${name}[].` };
  return undefined;
}

/** Rows of all keys of a map; a map that was shown before is named instead. */
function rowsOf(keys: Keys, prefix: string, places: Map<MapType, string>): Row[] {
  return Object.entries(keys).flatMap(([name, key]) => {
    const path = `${prefix}${name}`;
    const { type } = key;
    if (type.kind === 'switch') return [rowOf(path, key), ...rowsOf(type.settings.keys, `${path}.`, places)];
    if (type.kind === 'list' && type.of.kind === 'map')
      return [rowOf(path, key), ...rowsOf(type.of.keys, `${path}[].`, places)];
    if (type.kind !== 'map') return [rowOf(path, key)];
    const place = places.get(type);
    if (place !== undefined) return [{ path, key, type: `the keys of \`${place}\`` }];
    places.set(type, path);
    return rowsOf(type.keys, `${path}.`, places);
  });
}

function rowOf(path: string, key: Key): Row {
  return { path, key, type: cell(typeText(key.type)) };
}

/** A type in words. */
function typeText(type: Type): string {
  switch (type.kind) {
    case 'text': {
      const wanted = type.format === 'flagValue' ? 'text, number or boolean' : formats[type.format].wanted;
      return type.takesNull ? `${wanted}, or null` : wanted;
    }
    case 'choice':
      return type.values.map((value) => `\`${value}\``).join(', ');
    case 'integer':
      return `whole number, ${type.min} to ${type.max}`;
    case 'boolean':
      return '`true` or `false`';
    case 'list':
      return type.takesOne
        ? `${typeText(type.of)}; or a list of two`
        : `list${type.min > 0 ? ` of at least ${type.min}` : ''}: ${typeText(type.of)}`;
    case 'record':
      return `map; key: ${type.keyFormat === undefined ? 'a name' : formats[type.keyFormat].wanted}; value: ${typeText(type.of)}`;
    case 'map':
      return 'map';
    case 'switch':
      return '`true`, `false` or a map';
    case 'any':
      return 'any value';
  }
}

function defaultCell(key: Key): string {
  const text = defaultText(key);
  const isConstant = key.default !== undefined && !isComputed(key.default);
  return isConstant ? `\`${text}\`` : cell(text);
}

function isComputed(fallback: unknown): boolean {
  return typeof fallback === 'object' && fallback !== null && 'computed' in fallback;
}

/** Text for a cell: nothing that Markdown would take for a bar, HTML or emphasis. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*');
}
