/** From offsets to lines and columns; line starts are found once per source. */
import type { Source } from './diagnostic.ts';

/** Both count from 1; columns count UTF-16 code units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Lines {
  positionOf(offset: number): Position;
  /** The text of a line without its line break; lines count from 1. */
  textOf(line: number): string;
  /** Offset of the first character of a line. */
  startOf(line: number): number;
}

/** The lines of a source. */
export function linesOf(source: Source): Lines {
  const { text } = source;
  const starts = [0];
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1))
    starts.push(index + 1);
  const startOf = (line: number) => starts[line - 1] ?? text.length;
  return {
    startOf,
    positionOf(offset) {
      const line = lastAtOrBefore(starts, Math.min(Math.max(offset, 0), text.length)) + 1;
      return { line, column: Math.min(Math.max(offset, 0), text.length) - startOf(line) + 1 };
    },
    textOf(line) {
      const end = line < starts.length ? startOf(line + 1) - 1 : text.length;
      return text.slice(startOf(line), text[end - 1] === '\r' ? end - 1 : end);
    },
  };
}

/** Index of the last start that is not beyond an offset; starts rise and begin at 0. */
function lastAtOrBefore(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
