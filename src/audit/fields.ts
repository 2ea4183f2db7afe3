/** Paths of checks into YAML documents: `a.b`, `list[]` for each item, `list[0]`, `list[NAME]` by its name, `*` for each key. */
import { isRecord, type Steps, valueAt } from '../verify/read-yaml.ts';

export interface Field {
  readonly steps: Steps;
  /** Undefined where the way ends early. */
  readonly value: unknown;
}

/** What stands at a path of a document; with `[]` or `*` there may be several. */
export function fieldsAt(document: unknown, path: string): Field[] {
  const words = path.split('.').flatMap((word) => word.split(/(?=\[)/));
  return words.reduce<Field[]>(
    (fields, word) => fields.flatMap((field) => below(field, word)),
    [{ steps: [], value: document }],
  );
}

function below({ steps, value }: Field, word: string): Field[] {
  const index = /^\[(.*)\]$/.exec(word)?.[1];
  if (index === undefined && word !== '*') return [{ steps: [...steps, word], value: valueAt(value, word) }];
  if (word === '*') {
    const keys = isRecord(value) ? Object.keys(value) : [];
    return keys.map((key) => ({ steps: [...steps, key], value: valueAt(value, key) }));
  }
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const all = items.map((item, position) => ({ steps: [...steps, position], value: item }));
  if (index === '') return all;
  const chosen = all.filter(({ value: item }, position) =>
    /^\d+$/.test(index ?? '') ? position === Number(index) : valueAt(item, 'name') === index,
  );
  return chosen.length === 0 ? [{ steps, value: undefined }] : chosen;
}

/** A field as text: scalars as written, lists of scalars with commas, an object of one key as that key. */
export function fieldText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map(String).join(',');
  if (isRecord(value)) return Object.keys(value)[0];
  return String(value);
}
