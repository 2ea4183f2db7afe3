/** One line of the source with a caret below: tabs expanded, long lines clipped, nothing dangerous, no secrets. */
import type { Diagnostic } from './diagnostic.ts';
import type { Lines } from './position.ts';
import { blot, columnsOf, escapeControls, isSecretKey, maskSecrets, maskUserinfo } from './visible.ts';

const tabWidth = 4;
/** Columns of source that are shown; the caret stays inside. */
const widest = 100;
/** Code units read on each side of the range: a line may be as long as the file. */
const nearby = 4000;
/** Columns kept to the left of the caret when the line is clipped. */
const leadIn = 30;
const numberWidth = 5;

/** The line that a diagnostic is about and the carets below it, or nothing when the line is empty of text. */
export function excerpt(
  lines: Lines,
  diagnostic: Diagnostic,
): { readonly line: string; readonly carets: string } {
  const { line } = lines.positionOf(diagnostic.range.start);
  const { text, start, end } = safeLine(lines, line, diagnostic);
  const view = clip(cellsOf(text, start, Math.max(start + 1, end)));
  return {
    line: `${String(line).padStart(numberWidth)} | ${view.text}`.trimEnd(),
    carets: `${' '.repeat(numberWidth)} | ${' '.repeat(view.start)}${'^'.repeat(Math.max(1, view.end - view.start))}`,
  };
}

interface Marked {
  readonly text: string;
  /** Where the range begins and ends in the text. */
  readonly start: number;
  readonly end: number;
}

/** The line with secrets blotted out: those that look like one, and the value itself when its key says so. */
function safeLine(lines: Lines, line: number, diagnostic: Diagnostic): Marked {
  const raw = lines.textOf(line);
  const first = diagnostic.range.start - lines.startOf(line);
  const last = Math.min(raw.length, diagnostic.range.end - lines.startOf(line), first + nearby);
  const marked = raw.slice(first, last);
  const value = isSecretValue(diagnostic, marked) ? blot(marked) : maskUserinfo(marked);
  const before = blotFirstWord(raw.slice(Math.max(0, first - nearby), first), first > nearby);
  return {
    text: maskSecrets(before + value + raw.slice(last, last + nearby)),
    start: before.length,
    end: before.length + value.length,
  };
}

/** A word that begins before the part that is read may be the rest of a secret. */
function blotFirstWord(text: string, isCut: boolean): string {
  return isCut ? text.replace(/^[^\s"']+/, blot) : text;
}

/** The range of an unknown or missing key is the key, which is no secret; anything else at a secret key is. */
function isSecretValue(diagnostic: Diagnostic, marked: string): boolean {
  const key = diagnostic.path.findLast((step) => typeof step === 'string');
  if (key === undefined || !isSecretKey(key)) return false;
  return marked.replace(/^["']|["']$/g, '') !== key;
}

interface View {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Cells extends View {
  /** What each character of the line became, and how many columns it takes. */
  readonly cells: readonly { readonly text: string; readonly width: number }[];
}

/** A line as terminal cells, and the columns where the range from `first` to `last` (code units) begins and ends. */
function cellsOf(line: string, first: number, last: number): Cells {
  const cells: { text: string; width: number }[] = [];
  let [offset, column] = [0, 0];
  let start: number | undefined;
  let end: number | undefined;
  for (const character of line) {
    if (offset >= first) start ??= column;
    if (offset >= last) end ??= column;
    const cell = cellOf(character, column);
    cells.push(cell);
    column += cell.width;
    offset += character.length;
  }
  return { cells, text: '', start: start ?? column, end: end ?? column };
}

function cellOf(character: string, column: number): { text: string; width: number } {
  if (character === '\t') {
    const width = tabWidth - (column % tabWidth);
    return { text: ' '.repeat(width), width };
  }
  const text = escapeControls(character);
  return { text, width: text === character ? columnsOf(character) : text.length };
}

/** The part of a line around its caret, with an ellipsis where something is cut away. */
function clip({ cells, start, end }: Cells): View {
  const total = cells.reduce((sum, cell) => sum + cell.width, 0);
  const from = total <= widest || start < widest - leadIn ? 0 : start - leadIn;
  let text = from === 0 ? '' : '…';
  let [column, shift] = [0, 0];
  for (const cell of cells) {
    if (column < from) {
      column += cell.width;
      shift = column - 1;
      continue;
    }
    if (total > widest && column - from + cell.width >= widest) {
      text += '…';
      break;
    }
    text += cell.text;
    column += cell.width;
  }
  const visibleEnd = Math.min(end, total > widest ? column : total);
  return { text, start: start - shift, end: visibleEnd - shift };
}
