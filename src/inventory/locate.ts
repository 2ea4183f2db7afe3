/** From the path of a value to its range in the source; a path that goes too deep ends at the deepest value there is. */
import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Diagnostic, SourceRange } from '../diagnostics/diagnostic.ts';
import { rangeOf, textOf } from './node.ts';
import type { YamlDocument } from './parse.ts';
import type { Path, Problem } from './problem.ts';

type AnyPair = Pair<Node, Node | null>;

/** Turns problems into diagnostics; remembers the keys of the maps it has searched. */
export function locator(document: YamlDocument): (problem: Problem) => Diagnostic {
  const indexes = new WeakMap<YAMLMap, Map<string, AnyPair>>();
  const locate = (path: Path, atKey: boolean) => rangeAt(document.contents, path, atKey, indexes);
  return ({ code, severity = 'error', path, atKey = false, message, related, fix }) => ({
    code,
    severity,
    path,
    range: locate(path, atKey),
    message,
    ...(related === undefined
      ? {}
      : { related: { range: locate(related.path, false), message: related.message } }),
    ...(fix === undefined ? {} : { fix }),
  });
}

type Indexes = WeakMap<YAMLMap, Map<string, AnyPair>>;

function rangeAt(root: Node | null, path: Path, atKey: boolean, indexes: Indexes): SourceRange {
  let node: Node | null = root;
  let key: Node | null = null;
  let depth = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair: AnyPair | undefined = indexOf(node, indexes).get(String(step));
      if (pair === undefined) break;
      key = pair.key;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number' && node.items[step] !== undefined) {
      node = node.items[step] as Node;
      key = node;
    } else break;
    depth++;
  }
  if (depth === 0) return { start: 0, end: 1 };
  // A block map is a whole paragraph; its key says better where it is.
  const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
  return rangeOf(atKey || isBlock || node === null ? (key ?? node) : node);
}

function indexOf(map: YAMLMap, indexes: Indexes): Map<string, AnyPair> {
  const known = indexes.get(map);
  if (known !== undefined) return known;
  const index = new Map<string, AnyPair>();
  for (const pair of map.items as AnyPair[]) {
    if (!isScalar(pair.key)) continue;
    const name = textOf(pair.key);
    if (!index.has(name)) index.set(name, pair);
  }
  indexes.set(map, index);
  return index;
}
