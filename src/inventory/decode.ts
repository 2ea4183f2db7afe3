/**
 * A YAML document in, the inventory as written out, checked key by key against
 * schema.ts. Every problem is reported and its value left out, so that what is
 * right can still be checked further. Walks the document once; never throws.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import type { Diagnostic, SourceRange } from '../diagnostics/diagnostic.ts';
import { quote } from '../diagnostics/visible.ts';
import { nearest } from '../lib/edit-distance.ts';
import { checkFormat, type FormatName } from './formats.ts';
import { meantKey, unknownKeyFix } from './key-hints.ts';
import { describe, isNull, rangeOf, textOf } from './node.ts';
import type { YamlDocument } from './parse.ts';
import { nameOf, ownerOf, type Path, pathText } from './problem.ts';
import { inventoryType, refusedKeys, type WrittenInventory } from './schema.ts';
import {
  defaultText,
  type Key,
  type Keys,
  type ListType,
  type MapType,
  type RecordType,
  type TextType,
  type Type,
} from './types.ts';

export interface Decoded {
  readonly inventory: WrittenInventory;
  readonly diagnostics: readonly Diagnostic[];
}

/** The inventory that a document holds. */
export function decodeInventory(text: string, document: YamlDocument): Decoded {
  const walk: Walk = { text, diagnostics: [] };
  const root = document.contents;
  if (!isMap(root)) {
    const found = root === null || (isScalar(root) && root.value === null) ? 'nothing' : describe(root);
    report(walk, [], rangeOf(root), 'wrong-type', `an inventory must be a map of keys, found ${found}`, {
      fix: 'start from the output of "hardway init"',
    });
    return { inventory: {}, diagnostics: walk.diagnostics };
  }
  const inventory = decodeMap(walk, root, [], inventoryType, { start: 0, end: 1 });
  return { inventory: inventory as WrittenInventory, diagnostics: walk.diagnostics };
}

interface Walk {
  readonly text: string;
  readonly diagnostics: Diagnostic[];
}

/** A value to decode: its node, its path, and the range of its key for what has no node. */
interface Place {
  readonly node: Node | null;
  readonly path: Path;
  readonly keyRange: SourceRange;
  /** The key it stands at, for hints about its default. */
  readonly entry?: Key | undefined;
}

function decodeValue(walk: Walk, place: Place, type: Type): unknown {
  const { node } = place;
  if (refusesAnchor(walk, place) || refusesTag(walk, place)) return undefined;
  if (isNull(node) && !takesNull(type)) return decodeNull(walk, place, type);
  switch (type.kind) {
    case 'text':
      return decodeText(walk, place, type);
    case 'choice':
      return decodeChoice(walk, place, type.values);
    case 'integer':
      return decodeInteger(walk, place, type.min, type.max);
    case 'boolean':
      return decodeBoolean(walk, place);
    case 'list':
      return decodeList(walk, place, type);
    case 'record':
      return isMap(node) ? decodeRecord(walk, node, place.path, type) : wrongType(walk, place, 'a map');
    case 'map':
      return isMap(node)
        ? decodeMap(walk, node, place.path, type, place.keyRange)
        : wrongType(walk, place, `a map with ${someKeys(type.keys)}`);
    case 'switch':
      return isMap(node)
        ? decodeMap(walk, node, place.path, type.settings, place.keyRange)
        : decodeBoolean(walk, place, `true, false or a map with ${someKeys(type.settings.keys)}`);
    case 'any':
      return decodeAny(walk, place);
  }
}

function takesNull(type: Type): boolean {
  return type.kind === 'any' || (type.kind === 'text' && type.takesNull);
}

/** An empty section counts as absent, so that all of its keys may be commented out; an empty value is a mistake. */
function decodeNull(walk: Walk, place: Place, type: Type): undefined {
  const isSection = type.kind === 'map' || type.kind === 'record' || type.kind === 'list';
  const isOptional = place.entry !== undefined && !place.entry.isRequired;
  if (isSection && isOptional) return undefined;
  report(
    walk,
    place.path,
    place.keyRange,
    'missing-value',
    `${nameOf(place.path)} has no value, ${wantedText(type)} is wanted`,
    {
      fix: nullFix(place, type),
    },
  );
  return undefined;
}

function nullFix({ path, entry }: Place, type: Type): string {
  if (type.kind === 'text' && type.takesAnyScalar) return 'write "" where the empty text is meant';
  if (entry === undefined) return 'delete the empty item';
  if (entry.isRequired) return `write a value after "${path.at(-1)}:"`;
  return `write a value, or delete the key to use the default (${defaultText(entry)})`;
}

// Maps

function decodeMap(
  walk: Walk,
  node: YAMLMap,
  path: Path,
  type: MapType,
  keyRange: SourceRange,
): Record<string, unknown> {
  const keys: Keys = type.keys;
  const entries: [string, unknown][] = [];
  const seen = new Set<string>();
  // A required key that is only mistyped is one mistake, not two.
  const meant = new Set<string>();
  for (const { name, key, value } of pairsOf(walk, node, path)) {
    const entry = Object.hasOwn(keys, name) ? keys[name] : undefined;
    seen.add(name);
    if (entry === undefined) {
      unknownKey(walk, rangeOf(key), path, name, keys);
      meant.add(meantKey(name, keys) ?? name);
      continue;
    }
    const place = { node: value, path: [...path, name], keyRange: rangeOf(key), entry };
    entries.push([name, decodeValue(walk, place, entry.type)]);
  }
  for (const [name, entry] of Object.entries(keys)) {
    if (entry.isRequired && !seen.has(name) && !meant.has(name))
      missingKey(walk, node, path, name, entry, keyRange);
  }
  return Object.fromEntries(entries);
}

function decodeRecord(walk: Walk, node: YAMLMap, path: Path, type: RecordType): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const { name, key, value } of pairsOf(walk, node, path)) {
    const place = { node: value, path: [...path, name], keyRange: rangeOf(key) };
    const isRight =
      type.keyFormat === undefined || hasFormat(walk, place, rangeOf(key), type.keyFormat, name, 'the key');
    const decoded = decodeValue(walk, place, type.of);
    if (isRight) entries.push([name, decoded]);
  }
  return Object.fromEntries(entries);
}

interface NamedPair {
  readonly name: string;
  readonly key: Scalar;
  readonly value: Node | null;
}

/** The pairs of a map whose keys are plain text and stand there for the first time. */
function* pairsOf(walk: Walk, node: YAMLMap, path: Path): Iterable<NamedPair> {
  const firsts = new Map<string, Scalar>();
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    const key = plainKey(walk, pair.key, node, path);
    if (key === undefined) continue;
    const name = textOf(key);
    const first = firsts.get(name);
    if (first !== undefined) {
      report(
        walk,
        [...path, name],
        rangeOf(key),
        'duplicate-key',
        `the key ${quote(name)} stands here a second time`,
        {
          related: { range: rangeOf(first), message: 'the first one' },
          fix: 'delete one of the two',
        },
      );
      continue;
    }
    firsts.set(name, key);
    yield { name, key, value: pair.value };
  }
}

function plainKey(walk: Walk, key: Node | null, node: YAMLMap, path: Path): Scalar | undefined {
  const place = { node: key, path, keyRange: rangeOf(key ?? node) };
  if (refusesAnchor(walk, place)) return undefined;
  if (isScalar(key) && textOf(key) === '<<' && key.type === 'PLAIN') {
    report(
      walk,
      path,
      rangeOf(key),
      'yaml-merge-key',
      'merge keys are not accepted; every value stands where it is used',
      {
        fix: 'write the keys here, or use roleDefaults for what hosts of a role share',
      },
    );
    return undefined;
  }
  if (isScalar(key) && key.value !== null) return key;
  report(walk, path, rangeOf(key ?? node), 'yaml-key', `a key must be plain text, found ${describe(key)}`, {
    fix: 'write "key: value"; quote a value that begins with "?", "{" or "["',
  });
  return undefined;
}

function unknownKey(walk: Walk, range: SourceRange, path: Path, name: string, keys: Keys): void {
  const place = pathText([...path, name]);
  const refused = Object.hasOwn(refusedKeys, place) ? refusedKeys[place] : undefined;
  if (refused !== undefined) {
    report(walk, [...path, name], range, refused.code, refused.message, { fix: refused.fix });
    return;
  }
  const owner = path.length === 0 ? 'an inventory' : `"${ownerOf(path)}"`;
  report(walk, [...path, name], range, 'unknown-key', `${owner} has no key ${quote(name)}`, {
    fix: unknownKeyFix(name, keys),
  });
}

function missingKey(
  walk: Walk,
  node: YAMLMap,
  path: Path,
  name: string,
  entry: Key,
  keyRange: SourceRange,
): void {
  const isItem = typeof path.at(-1) === 'number';
  const range = path.length === 0 ? { start: 0, end: 1 } : isItem ? rangeOf(node) : keyRange;
  const owner = path.length === 0 ? 'the inventory' : nameOf(path);
  const example = {
    apiVersion: 'apiVersion: hardway/v1',
    roles: 'roles: [worker]',
    name: 'name: node01',
    hosts: 'hosts: [{ name: node01, address: 192.0.2.10, roles: [etcd, control-plane, worker] }]',
  }[name];
  report(
    walk,
    [...path, name],
    range,
    'missing-key',
    `${owner} lacks the key "${name}": ${lowerFirst(entry.meaning)}`,
    {
      fix: example === undefined ? `add "${name}"` : `add "${example}"`,
    },
  );
}

// Lists

function decodeList(walk: Walk, place: Place, type: ListType): unknown {
  const { node, path } = place;
  if (!isSeq(node)) {
    if (type.takesOne && isScalar(node)) return [decodeValue(walk, place, type.of)];
    const fix = isScalar(node) ? { fix: `write [${textOf(node)}]` } : {};
    return wrongType(walk, place, 'a list', fix);
  }
  const items = node.items as (Node | null)[];
  if (items.length < type.min || items.length > type.max) {
    const wanted = items.length < type.min ? `at least ${type.min}` : `at most ${type.max}`;
    const message = `${nameOf(path)} has ${items.length} items, ${wanted} ${wanted.endsWith(' 1') ? 'is' : 'are'} wanted`;
    report(walk, path, items.length === 0 ? rangeOf(node) : place.keyRange, 'wrong-length', message);
    if (items.length > type.max) return undefined;
  }
  return items.map((item, index) =>
    decodeValue(walk, { node: item, path: [...path, index], keyRange: rangeOf(item ?? node) }, type.of),
  );
}

// Scalars

function decodeText(walk: Walk, place: Place, type: TextType): string | null | undefined {
  const { node, path } = place;
  if (isNull(node)) return null;
  if (!isScalar(node)) return wrongType(walk, place, wantedText(type), listFix(path));
  const written = textOf(node);
  if (typeof node.value !== 'string' && !type.takesAnyScalar) {
    if (type.format === 'version') return unquotedVersion(walk, place, node);
    const isRight = hasFormat(walk, place, rangeOf(node), type.format, written);
    return isRight ? wrongType(walk, place, 'text', { fix: `write "${written}"` }) : undefined;
  }
  return hasFormat(walk, place, rangeOf(node), type.format, written) ? written : undefined;
}

function listFix(path: Path): Extras {
  return path.at(-1) === 'address' ? { fix: 'write "addresses" for a list' } : {};
}

/** 1.20 and 1.2 are the same number, so YAML cannot tell which one was written. */
function unquotedVersion(walk: Walk, { path }: Place, node: Scalar): undefined {
  const written = textOf(node);
  const message = `${nameOf(path)} ${written} without quotes is the number ${String(node.value)} in YAML, which drops a final zero`;
  report(walk, path, rangeOf(node), 'unquoted-version', message, { fix: `write "${written}"` });
  return undefined;
}

function hasFormat(
  walk: Walk,
  { path }: Place,
  range: SourceRange,
  name: FormatName,
  text: string,
  what?: string,
): boolean {
  const problem = checkFormat(name, text);
  if (problem === undefined) return true;
  const found = name === 'url' ? '' : `, found ${quote(text)}`;
  const [wanted = '', ...objection] = problem.message.split('; ');
  const reason = objection.length === 0 ? '' : ` (${objection.join('; ')})`;
  const message = `${what ?? nameOf(path)} ${wanted}${found}${reason}`;
  report(walk, path, range, problem.code, message, {
    // A URL may hold a password: no fix repeats it.
    fix:
      problem.repaired === undefined || name === 'url'
        ? `write ${problem.wanted}`
        : `write "${problem.repaired}"`,
  });
  return false;
}

function decodeChoice(walk: Walk, place: Place, values: readonly string[]): string | undefined {
  const { node, path } = place;
  if (!isScalar(node)) return wrongType(walk, place, `one of ${values.join(', ')}`);
  const written = textOf(node);
  if (typeof node.value === 'string' && values.includes(written)) return written;
  const near = values.length === 1 ? values[0] : (aliasOf(written, values) ?? nearest(written, values));
  const one = values.length === 1 ? `"${values[0]}"` : `one of ${values.join(', ')}`;
  report(
    walk,
    path,
    rangeOf(node),
    'unknown-value',
    `${nameOf(path)} must be ${one}, found ${quote(written)}`,
    {
      ...(near === undefined ? {} : { fix: `write "${near}"` }),
    },
  );
  return undefined;
}

/** Words of other tools for the same thing. */
const otherValues: Readonly<Record<string, string>> = {
  master: 'control-plane',
  controlplane: 'control-plane',
  node: 'worker',
  x86_64: 'amd64',
  aarch64: 'arm64',
};

function aliasOf(written: string, values: readonly string[]): string | undefined {
  const word = written.toLowerCase();
  const other = Object.hasOwn(otherValues, word) ? otherValues[word] : undefined;
  return other !== undefined && values.includes(other) ? other : undefined;
}

function decodeInteger(walk: Walk, place: Place, min: number, max: number): number | undefined {
  const { node, path } = place;
  if (!isScalar(node)) return wrongType(walk, place, 'a whole number');
  const written = textOf(node);
  if (typeof node.value === 'string' && /^-?[0-9]{1,15}$/.test(written)) {
    return wrongType(walk, place, 'a whole number', { fix: `write ${Number(written)} without quotes` });
  }
  if (typeof node.value !== 'number' || !Number.isInteger(node.value))
    return wrongType(walk, place, 'a whole number');
  if (/^[-+]?0[0-9]/.test(written)) {
    const message = `${nameOf(path)} ${written} begins with zero, which could be octal`;
    report(walk, path, rangeOf(node), 'wrong-type', message, { fix: `write ${node.value}` });
    return undefined;
  }
  if (node.value >= min && node.value <= max) return node.value;
  const message = `${nameOf(path)} must be between ${min} and ${max}, found ${quote(written).slice(1, -1)}`;
  report(walk, path, rangeOf(node), 'out-of-range', message, { fix: `write a number from ${min} to ${max}` });
  return undefined;
}

function decodeBoolean(walk: Walk, place: Place, wanted = 'true or false'): boolean | undefined {
  const { node } = place;
  if (isScalar(node) && typeof node.value === 'boolean') return node.value;
  const written = isScalar(node) ? textOf(node).toLowerCase() : '';
  if (['y', 'yes', 'on', 'true', '1'].includes(written))
    return wrongType(walk, place, wanted, { fix: 'write true' });
  if (['n', 'no', 'off', 'false', '0'].includes(written))
    return wrongType(walk, place, wanted, { fix: 'write false' });
  return wrongType(walk, place, wanted);
}

/** Plain data for a configuration file; numbers that JSON cannot hold are refused. */
function decodeAny(walk: Walk, place: Place): unknown {
  const { node, path } = place;
  if (refusesAnchor(walk, place) || refusesTag(walk, place)) return undefined;
  if (isMap(node))
    return decodeRecord(walk, node, path, { kind: 'record', keyFormat: undefined, of: { kind: 'any' } });
  if (isSeq(node)) {
    const items = node.items as (Node | null)[];
    return items.map((item, index) => decodeAny(walk, { ...place, node: item, path: [...path, index] }));
  }
  if (!isScalar(node)) return null;
  if (typeof node.value === 'number' && !isExact(node.value)) {
    return wrongType(walk, place, 'a number that is exact', {
      fix: `write "${textOf(node)}" where text is meant`,
    });
  }
  return node.value;
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

// Reporting

interface Extras {
  readonly fix?: string;
  readonly related?: Diagnostic['related'];
}

function report(
  walk: Walk,
  path: Path,
  range: SourceRange,
  code: Diagnostic['code'],
  message: string,
  { fix, related }: Extras = {},
): void {
  walk.diagnostics.push({
    code,
    severity: 'error',
    path,
    range,
    message,
    ...(related === undefined ? {} : { related }),
    ...(fix === undefined ? {} : { fix }),
  });
}

function wrongType(
  walk: Walk,
  { node, path, keyRange }: Place,
  wanted: string,
  extras: Extras = {},
): undefined {
  const range = isMap(node) || isSeq(node) ? keyRange : rangeOf(node);
  report(
    walk,
    path,
    range,
    'wrong-type',
    `${nameOf(path)} must be ${wanted}, found ${describe(node)}`,
    extras,
  );
  return undefined;
}

/** Anchors and aliases would make a reviewer look elsewhere, and let a small file grow without bounds. */
function refusesAnchor(walk: Walk, { node, path }: Place): boolean {
  if (isAlias(node)) {
    report(walk, path, rangeOf(node), 'yaml-alias', `the alias "*${node.source}" is not accepted`, {
      fix: 'write the value here, or use roleDefaults for what hosts of a role share',
    });
    return true;
  }
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor === undefined || node === null) return false;
  const start = Math.max(0, walk.text.lastIndexOf(`&${anchor}`, rangeOf(node).start));
  report(
    walk,
    path,
    { start, end: start + anchor.length + 1 },
    'yaml-alias',
    `the anchor "&${anchor}" is not accepted`,
    {
      fix: `delete "&${anchor}"`,
    },
  );
  return false;
}

/** Types of the YAML core schema; a tag that names one of them changes nothing that matters. */
const coreTags = ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map(
  (name) => `tag:yaml.org,2002:${name}`,
);

function refusesTag(walk: Walk, { node, path }: Place): boolean {
  const tag = isScalar(node) || isMap(node) || isSeq(node) ? node.tag : undefined;
  if (tag === undefined || coreTags.includes(tag)) return false;
  const shown = tag.replace('tag:yaml.org,2002:', '!!');
  report(walk, path, rangeOf(node), 'yaml-tag', `an inventory has no values of the type ${quote(shown)}`, {
    fix: 'delete the tag',
  });
  return true;
}

function wantedText(type: Type): string {
  const words = {
    text: 'text',
    choice: 'text',
    integer: 'a whole number',
    boolean: 'true or false',
    list: 'a list',
    switch: 'true, false or a map',
    any: 'a value',
  };
  if (type.kind === 'map' || type.kind === 'record') return 'a map';
  return words[type.kind];
}

function someKeys(keys: Keys): string {
  const names = Object.keys(keys);
  return names.length > 4 ? `keys such as ${names.slice(0, 3).join(', ')}` : `the keys ${names.join(', ')}`;
}

function lowerFirst(text: string): string {
  return /^[A-Z][A-Z]/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1);
}
