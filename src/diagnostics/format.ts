/**
 * Diagnostics as text for people or JSON for programs. Pure: the source comes in,
 * text comes out; nothing here reads a file, a terminal or an environment variable.
 */
import type { Diagnostic, Source, SourceRange } from './diagnostic.ts';
import { excerpt } from './excerpt.ts';
import { type Lines, linesOf } from './position.ts';
import { escapeControls, maskSecrets } from './visible.ts';

export interface FormatOptions {
  /** ANSI colours; the caller knows whether a terminal reads. */
  readonly color?: boolean;
  /** How many diagnostics are printed before `… and N more`; 100 unless told. */
  readonly limit?: number;
}

/** A diagnostic as `--format json` prints it; lines and columns count from 1, ends are exclusive. */
export interface DiagnosticJson {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly fix: string | null;
  readonly related: {
    readonly line: number;
    readonly column: number;
    readonly endLine: number;
    readonly endColumn: number;
    readonly message: string;
  } | null;
}

const defaultLimit = 100;

/** All diagnostics in the order of the source, with a blank line between them; ends with a line break unless empty. */
export function formatDiagnostics(
  source: Source,
  diagnostics: readonly Diagnostic[],
  options: FormatOptions = {},
): string {
  const { color = false, limit = defaultLimit } = options;
  const lines = linesOf(source);
  const sorted = sortDiagnostics(diagnostics);
  const blocks = sorted.slice(0, limit).map((diagnostic) => formatOne(source, lines, diagnostic, color));
  const rest = sorted.slice(limit);
  if (rest.length > 0) blocks.push(`... and ${rest.length} more (${summarize(rest)})`);
  return blocks.length === 0 ? '' : `${blocks.join('\n\n')}\n`;
}

/** All diagnostics in the order of the source, as plain values for `JSON.stringify`. */
export function diagnosticsToJson(source: Source, diagnostics: readonly Diagnostic[]): DiagnosticJson[] {
  const lines = linesOf(source);
  return sortDiagnostics(diagnostics).map((diagnostic) => ({
    code: diagnostic.code,
    severity: diagnostic.severity,
    file: source.file,
    ...spanOf(lines, diagnostic.range),
    path: diagnostic.path,
    message: maskSecrets(diagnostic.message),
    fix: diagnostic.fix === undefined ? null : maskSecrets(diagnostic.fix),
    related:
      diagnostic.related === undefined
        ? null
        : { ...spanOf(lines, diagnostic.related.range), message: maskSecrets(diagnostic.related.message) },
  }));
}

/** `2 errors, 1 warning`; what there is none of is left out. */
export function summarize(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  const parts = [counted(errors, 'error'), counted(diagnostics.length - errors, 'warning')];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** A copy in the order of the source; at one place errors come before warnings. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...diagnostics].sort(
    (left, right) =>
      left.range.start - right.range.start ||
      left.severity.localeCompare(right.severity) ||
      left.range.end - right.range.end,
  );
}

function counted(count: number, noun: string): string | undefined {
  return count === 0 ? undefined : `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function formatOne(source: Source, lines: Lines, diagnostic: Diagnostic, color: boolean): string {
  const paint = color ? paints[diagnostic.severity] : (text: string) => text;
  const { line, column } = lines.positionOf(diagnostic.range.start);
  const place = `${escapeControls(source.file)}:${line}:${column}`;
  const head = `${place}: ${paint(`${diagnostic.severity}[${diagnostic.code}]`)}: ${shown(diagnostic.message)}`;
  return [head, ...excerptLines(lines, diagnostic, paint), ...notes(lines, diagnostic)].join('\n');
}

/** An empty source has no line to show. */
function excerptLines(lines: Lines, diagnostic: Diagnostic, paint: (text: string) => string): string[] {
  if (lines.textOf(lines.positionOf(diagnostic.range.start).line).trim() === '') return [];
  const { line, carets } = excerpt(lines, diagnostic);
  return [line, paint(carets)];
}

function notes(lines: Lines, { related, fix }: Diagnostic): string[] {
  const see =
    related && `  see: line ${lines.positionOf(related.range.start).line}, ${shown(related.message)}`;
  return [see, fix && `  fix: ${shown(fix)}`].filter((note) => note !== undefined && note !== '') as string[];
}

function shown(text: string): string {
  return escapeControls(maskSecrets(text));
}

function spanOf(lines: Lines, range: SourceRange) {
  const start = lines.positionOf(range.start);
  const end = lines.positionOf(Math.max(range.start, range.end));
  return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

const paints = {
  error: (text: string) => `\u001b[1;31m${text}\u001b[0m`,
  warning: (text: string) => `\u001b[1;33m${text}\u001b[0m`,
} as const;
