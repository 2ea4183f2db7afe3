/** Fields of the inventory merged into a rendered YAML file, comments kept. */
import { isMap, parseDocument, Scalar, visit } from 'yaml';
import { isPlainYaml } from './quote.ts';

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
  visit(document, { Scalar: (_, scalar) => quoteNew(scalar) });
  return document.toString({ lineWidth: 0 });
}

/** Texts that were merged in have no type yet; `yes` or `1:30` without quotes would be no text in YAML 1.1. */
function quoteNew(scalar: Scalar): void {
  const { type, value } = scalar;
  if (type === undefined && typeof value === 'string' && !isPlainYaml(value))
    scalar.type = Scalar.QUOTE_DOUBLE;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
