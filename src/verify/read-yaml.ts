/** YAML files with lines. */
import { type Document, isMap, isNode, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { once, remembered, rememberedByObject } from '../lib/remember.ts';

export type Steps = readonly (string | number)[];

export interface YamlDocument {
  /** The first line that is not blank or a comment. */
  readonly line: number;
  readonly apiVersion: string | undefined;
  readonly kind: string | undefined;
  readonly value: Readonly<Record<string, unknown>>;
  /** One and the same for all documents that differ in long words of base64 only. */
  readonly alike: object;
  /** The line of what stands at a path, or of the nearest thing above it. */
  readonly lineOf: (steps: Steps) => number;
}

export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  /** The first mistake in its syntax, or why nobody can read it: aliases that multiply or hold themselves. */
  readonly problem: { readonly line: number; readonly message: string } | undefined;
}

/** The documents of a text; those that are no maps are left out. */
export function readYaml(text: string): YamlFile {
  const counter = new LineCounter();
  try {
    const parsed = parseAllDocuments(text, { lineCounter: counter, version: '1.1' });
    const documents = (Array.isArray(parsed) ? parsed : []) as Document.Parsed[];
    const [problem] = documents.flatMap((document) => document.errors);
    if (problem !== undefined) return unread(counter.linePos(problem.pos[0]).line, problem.message);
    return { documents: documents.flatMap((document) => documentOf(document, counter)), problem: undefined };
  } catch (error) {
    // The yaml package throws at aliases that multiply (ReferenceError), V8 at nests that are too deep (RangeError).
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    return unread(1, error.message);
  }
}

function unread(line: number, message: string): YamlFile {
  return { documents: [], problem: { line, message: message.split('\n')[0] ?? '' } };
}

/** Long words, such as certificates and keys in kubeconfigs, each on a line of its own or within one. */
const longWord = /[A-Za-z0-9+/]{64,}={0,2}/g;
const placeholder = /x@word-(\d+)@/g;

/**
 * Reads texts that differ in nothing but keys and certificates once: hosts have kubeconfigs of
 * their own, and reading YAML with its lines is the dearest step of a verification.
 */
export function createYamlReader(): (text: string) => YamlFile {
  const readOnce = remembered(readYaml);
  return (text) => {
    // A word right behind a backslash is in part its escape.
    if (text.includes('@word-') || /\\[A-Za-z0-9+/]{64}/.test(text)) return readYaml(text);
    const words: string[] = [];
    // A plain scalar may not begin with "@".
    const file = readOnce(text.replace(longWord, (word) => `x@word-${words.push(word) - 1}@`));
    if (words.length === 0) return file;
    return { ...file, documents: file.documents.map((document) => filled(document, words)) };
  };
}

/** A document with its own words; they are put in when somebody asks for its value. */
function filled(document: YamlDocument, words: readonly string[]): YamlDocument {
  const { line, apiVersion, kind, alike, lineOf } = document;
  const value = once(() =>
    placesOfWords(document).reduce<unknown>((all, { steps, text }) => {
      const own = text.replace(placeholder, (_, index: string) => words[Number(index)] ?? '');
      return withText(all, steps, own);
    }, document.value),
  );
  return {
    line,
    apiVersion,
    kind,
    alike,
    lineOf,
    get value() {
      return value() as YamlDocument['value'];
    },
  };
}

/** Where words stand in a document that was read without them. */
const placesOfWords = rememberedByObject(({ value }: YamlDocument) =>
  [...scalarsOf(value)].flatMap(({ steps, value: text }) =>
    typeof text === 'string' && text.includes('x@word-') ? [{ steps, text }] : [],
  ),
);

/** A copy with another text at a place; what is not on the way there is the same object. */
function withText(value: unknown, [step, ...steps]: Steps, text: string): unknown {
  if (step === undefined) return text;
  if (Array.isArray(value))
    return value.map((item, index) => (index === step ? withText(item, steps, text) : item));
  const record = value as Readonly<Record<string, unknown>>;
  return { ...record, [step]: withText(record[step], steps, text) };
}

function documentOf(document: Document.Parsed, counter: LineCounter): YamlDocument[] {
  const value: unknown = document.toJS();
  if (!isRecord(value)) return [];
  if (holdsItself(value)) throw new ReferenceError('a value holds itself through an alias');
  const lines = new Map<string, number>();
  const lineOf = (steps: Steps): number => {
    // No key of YAML that is printed has a NUL in it.
    const way = steps.join('\0');
    const line = lines.get(way) ?? lineAt(document, counter, steps);
    lines.set(way, line);
    return line;
  };
  const [apiVersion, kind] = [value.apiVersion, value.kind].map((one) =>
    typeof one === 'string' ? one : undefined,
  );
  return [{ line: lineOf([]), apiVersion, kind, value, alike: document, lineOf }];
}

/** Whether a value stands below itself, as `a: &x { b: *x }` does. */
function holdsItself(
  value: unknown,
  above: Set<unknown> = new Set(),
  done: Set<unknown> = new Set(),
): boolean {
  if (typeof value !== 'object' || value === null || done.has(value)) return false;
  if (above.has(value)) return true;
  above.add(value);
  const found = Object.values(value).some((one) => holdsItself(one, above, done));
  above.delete(value);
  done.add(value);
  return found;
}

/** The line of what stands at a path, or of the nearest thing above it. */
function lineAt(document: Document.Parsed, counter: LineCounter, steps: Steps): number {
  for (let length = steps.length; length >= 0; length--) {
    const start = startOf(document, steps.slice(0, length));
    if (start !== undefined) return counter.linePos(start).line;
  }
  return 1;
}

/** Where the key of a field begins, or an item of a list. */
function startOf(document: Document.Parsed, steps: Steps): number | undefined {
  const above = steps.length === 0 ? undefined : document.getIn(steps.slice(0, -1), true);
  const pair = isMap(above) ? above.items.find(({ key }) => keyText(key) === steps.at(-1)) : undefined;
  const node = pair?.key ?? document.getIn(steps, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

function keyText(key: unknown): unknown {
  return isScalar(key) ? key.value : key;
}

/** Every scalar below a value, with the way there. */
export function* scalarsOf(value: unknown, steps: Steps = []): Iterable<{ steps: Steps; value: unknown }> {
  if (typeof value !== 'object' || value === null) yield { steps, value };
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* scalarsOf(item, [...steps, index]);
  else for (const [name, item] of Object.entries(value)) yield* scalarsOf(item, [...steps, name]);
}

/** What stands at a path, or undefined. */
export function valueAt(value: unknown, ...steps: Steps): unknown {
  return steps.reduce<unknown>(
    (below, step) =>
      typeof below === 'object' && below !== null && Object.hasOwn(below, step)
        ? (below as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
}

/** What stands at a path when it is text. */
export function textAt(value: unknown, ...steps: Steps): string | undefined {
  const found = valueAt(value, ...steps);
  return typeof found === 'string' ? found : undefined;
}

/** The items of a list at a path; none where there is no list. */
export function itemsAt(value: unknown, ...steps: Steps): readonly unknown[] {
  const found = valueAt(value, ...steps);
  return Array.isArray(found) ? found : [];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
