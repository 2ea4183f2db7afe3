/** What a node of the YAML document is in words, as text and as a range. */
import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { SourceRange } from '../diagnostics/diagnostic.ts';
import { quote } from '../diagnostics/visible.ts';

/** What a value is, as messages say what was found. */
export function describe(node: Node | null | undefined): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'nothing';
  if (typeof node.value === 'string') return `the text ${quote(node.value)}`;
  return typeof node.value === 'boolean'
    ? `the boolean ${textOf(node)}`
    : `the number ${quote(textOf(node)).slice(1, -1)}`;
}

/** Whether a key has no value. */
export function isNull(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

/** A scalar as it was written, without quotes. */
export function textOf(node: Scalar): string {
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

/** The range of a value; that of a block map or list reaches to its last character. */
export function rangeOf(node: Node | null | undefined): SourceRange {
  const [start = 0, end = start + 1] = node?.range ?? [];
  return { start, end };
}
