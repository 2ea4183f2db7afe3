/**
 * Bytes or text in, a YAML document with positions out, or the diagnostics that
 * say why not. What YAML allows but an inventory does not (directives, several
 * documents, control characters) is refused before or right after parsing, so
 * that decode.ts meets plain maps, lists and scalars only. Never throws.
 */
import { type Document, type ParsedNode, parseDocument, Scalar, visit, type YAMLError } from 'yaml';
import type { Diagnostic, SourceRange } from '../diagnostics/diagnostic.ts';
import { quote } from '../diagnostics/visible.ts';

/** Room for more than 20,000 hosts; hostile files of this size are still read in seconds. */
export const largestInventoryBytes = 2 * 1024 * 1024;

/** Errors of the YAML parser that are shown; those after the first few follow from them. */
const shownSyntaxErrors = 5;

export type YamlDocument = Document.Parsed<ParsedNode>;

export interface Parsed {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Undefined when the text cannot be read as one YAML document. */
  readonly document: YamlDocument | undefined;
}

/** The YAML document of an inventory. */
export function parseInventory(input: string | Uint8Array): Parsed {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (size > largestInventoryBytes) return refused('', [tooLarge(size)]);
  const text = textOf(input);
  if (text === undefined) return refused('', [notText(input)]);
  const early = controlCharacter(text) ?? directive(text) ?? nothing(text) ?? nesting(text);
  if (early !== undefined) return refused(text, [early]);
  return parseText(text);
}

function parseText(text: string): Parsed {
  try {
    // uniqueKeys compares every key with every other, so decode.ts looks for duplicates instead.
    const document = parseDocument(text, {
      version: '1.2',
      strict: true,
      uniqueKeys: false,
      prettyErrors: false,
      merge: false,
    });
    const problems = [...document.errors, ...document.warnings].sort(
      (left, right) => left.pos[0] - right.pos[0],
    );
    if (problems.length === 0) return { text, diagnostics: [], document };
    return refused(
      text,
      onePerLine(text, problems)
        .slice(0, shownSyntaxErrors)
        .map((error) => syntaxDiagnostic(error, document)),
    );
  } catch (error) {
    if (error instanceof RangeError) return refused(text, [tooDeep()]);
    return refused(text, [
      at('yaml-syntax', { start: 0, end: 1 }, `the text is not valid YAML: ${String(error)}`),
    ]);
  }
}

function refused(text: string, diagnostics: readonly Diagnostic[]): Parsed {
  return { text, diagnostics, document: undefined };
}

/** UTF-8 without its byte order mark, or undefined. */
function textOf(input: string | Uint8Array): string | undefined {
  if (typeof input === 'string') return input.replace(/^\ufeff/, '');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(input);
  } catch {
    return undefined;
  }
}

function at(code: Diagnostic['code'], range: SourceRange, message: string, fix?: string): Diagnostic {
  return { code, severity: 'error', path: [], range, message, ...(fix === undefined ? {} : { fix }) };
}

function tooLarge(size: number): Diagnostic {
  const message = `the inventory has ${size} bytes, at most ${largestInventoryBytes} are read`;
  return at(
    'file-too-large',
    { start: 0, end: 0 },
    message,
    'name the inventory file; move what repeats into roleDefaults',
  );
}

function notText(input: string | Uint8Array): Diagnostic {
  const [first, second] = typeof input === 'string' ? [] : input;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const what = isUtf16
    ? 'the inventory is UTF-16 text, UTF-8 is wanted'
    : 'the inventory is not valid UTF-8 text';
  const fix = isUtf16 ? 'save the file as UTF-8: iconv -f UTF-16 -t UTF-8' : 'save the file as UTF-8';
  return at('invalid-encoding', { start: 0, end: 0 }, what, fix);
}

/** What YAML 1.2 (5.1) does not count as printable. */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function controlCharacter(text: string): Diagnostic | undefined {
  const index = text.search(unprintable);
  if (index === -1) return undefined;
  const code = text.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0');
  const message = `the text holds the character U+${code}, which YAML does not allow`;
  return at('control-character', { start: index, end: index + 1 }, message, 'delete the character');
}

/** A `%YAML 1.1` line would turn `yes` into true and 0777 into 511; such lines stand before everything but comments. */
function directive(text: string): Diagnostic | undefined {
  let start = 0;
  while (start < text.length) {
    const lineEnd = text.indexOf('\n', start);
    const end = lineEnd === -1 ? text.length : lineEnd;
    const line = text.slice(start, end).trimEnd();
    if (line.startsWith('%')) {
      const message = `the directive ${quote(line)} changes how YAML is read; an inventory is YAML 1.2 without directives`;
      return at('yaml-directive', { start, end: start + line.length }, message, 'delete this line');
    }
    if (line !== '' && !/^[ \t]*#/.test(line)) return undefined;
    start = end + 1;
  }
  return undefined;
}

/** More open brackets than any inventory has; the parser would refuse them too, but take long. */
const deepestNesting = 1000;

function nesting(text: string): Diagnostic | undefined {
  const indicators = /^[ \t]*(?:[-?][ \t]{1,8}){200}/m.exec(text);
  if (indicators !== null)
    return { ...tooDeep(), range: { start: indicators.index, end: indicators.index + 1 } };
  let depth = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    depth = Math.max(0, depth + (bracket === '[' || bracket === '{' ? 1 : -1));
    if (depth > deepestNesting) return { ...tooDeep(), range: { start: index, end: index + 1 } };
  }
  return undefined;
}

function nothing(text: string): Diagnostic | undefined {
  if (/[^\s]/.test(text.replace(/^[ \t]*#.*$/gm, ''))) return undefined;
  const message = 'the inventory is empty; apiVersion and hosts are required';
  return at('empty-inventory', { start: 0, end: 0 }, message, 'start from the output of "hardway init"');
}

function tooDeep(): Diagnostic {
  return at(
    'yaml-syntax',
    { start: 0, end: 1 },
    'the text nests more deeply than an inventory can',
    'remove the nested brackets',
  );
}

function onePerLine(text: string, errors: readonly YAMLError[]): YAMLError[] {
  let lineEnd = -1;
  return errors.filter((error) => {
    if (error.pos[0] <= lineEnd) return false;
    const next = text.indexOf('\n', error.pos[0]);
    lineEnd = next === -1 ? text.length : next;
    return true;
  });
}

/** What mends the commonest errors, by the parser's code. */
const syntaxFixes: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'indent the keys of one map alike',
  BAD_DQ_ESCAPE: 'use single quotes, in which a backslash is only a backslash',
  BAD_SCALAR_START: 'quote the value',
  MULTILINE_IMPLICIT_KEY: 'write one "key: value" on each line; a colon and a blank end a key',
  BLOCK_AS_IMPLICIT_KEY: 'write one "key: value" on each line; quote a value that holds ": "',
};

function syntaxDiagnostic(
  { code, message, pos: [start, end] }: YAMLError,
  document: YamlDocument,
): Diagnostic {
  const range = { start, end: Math.max(end, start + 1) };
  if (message.startsWith('Missing closing')) {
    return at(
      'yaml-syntax',
      openingQuote(document, start),
      'the text is not valid YAML: this quote is never closed',
      'add the closing quote',
    );
  }
  if (/must be sufficiently indented and end with a [\]}]/.test(message)) {
    return at(
      'yaml-syntax',
      range,
      `the text is not valid YAML: "${message.at(-1)}" is missing here`,
      'close every "[" and "{"',
    );
  }
  if (code === 'MULTIPLE_DOCS') {
    const text = 'the file holds more than one YAML document; an inventory is one';
    return at(
      'multiple-documents',
      { start, end: start + 1 },
      text,
      'delete the "---" line and what does not belong here',
    );
  }
  if (code === 'TAG_RESOLVE_FAILED') {
    return at(
      'yaml-tag',
      range,
      `an inventory has no values of this type: ${sentence(message)}`,
      'delete the tag',
    );
  }
  if (code === 'RESOURCE_EXHAUSTION') return { ...tooDeep(), range };
  return at('yaml-syntax', range, `the text is not valid YAML: ${sentence(message)}`, syntaxFixes[code]);
}

/** The parser notices an open quote at the end of the file; the reader looks for its beginning. */
function openingQuote(document: YamlDocument, end: number): SourceRange {
  let start = end;
  visit(document, {
    Scalar(_, { type, range }) {
      const isQuoted = type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE;
      if (isQuoted && range && range[0] < end) start = range[0];
    },
  });
  return { start, end: start + 1 };
}

/** A message of the YAML parser in this program's wording. */
function sentence(message: string): string {
  const first = message.split('\n')[0] ?? '';
  return (first.charAt(0).toLowerCase() + first.slice(1)).replace(/[.\s]+$/, '');
}
