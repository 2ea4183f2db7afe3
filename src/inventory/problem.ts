/** What a rule finds: a diagnostic that names its place by path, before locate.ts turns it into a range. */
import type { DiagnosticCode } from '../diagnostics/codes.ts';
import { quote } from '../diagnostics/visible.ts';

export type Path = readonly (string | number)[];

export interface Problem {
  readonly code: DiagnosticCode;
  /** An error unless told. */
  readonly severity?: 'error' | 'warning';
  readonly path: Path;
  /** Whether the key itself is meant rather than its value. */
  readonly atKey?: boolean;
  readonly message: string;
  readonly related?: { readonly path: Path; readonly message: string };
  readonly fix?: string | undefined;
}

/** A path as messages name it: `hosts[2].address`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** The last key of a path, which the reader sees in the line shown; an item by its number. */
export function nameOf(path: Path): string {
  const last = path.at(-1);
  if (typeof last !== 'number') return last === undefined ? 'the inventory' : quote(last).slice(1, -1);
  return pathText(path.slice(path.findLastIndex((step) => typeof step === 'string')));
}

/** The map that a key stands in; `hosts[3]` is a host. */
export function ownerOf(path: Path): string {
  const last = path.at(-1);
  return typeof last === 'number' ? pathText(path.slice(-2)) : (last ?? '');
}
