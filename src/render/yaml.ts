/** Fields of the inventory merged into a rendered YAML file, comments kept. */
import { isMap, parseDocument } from 'yaml';

/** Maps merge, everything else replaces, null removes. */
export function mergeYaml(text: string, overlay: Readonly<Record<string, unknown>>): string {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw problem;
  const merge = (path: readonly string[], fields: Readonly<Record<string, unknown>>): void => {
    for (const [key, value] of Object.entries(fields)) {
      const at = [...path, key];
      if (value === null) document.deleteIn(at);
      else if (isRecord(value) && isMap(document.getIn(at))) merge(at, value);
      else document.setIn(at, document.createNode(value));
    }
  };
  merge([], overlay);
  return document.toString({ lineWidth: 0 });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
