/** A difference for a terminal. */
import { textTable } from '../lib/table.ts';
import type { Difference } from './difference.ts';
import { type Block, outlineOf, type Point } from './outline.ts';

const width = 100;
const marks = { added: '+', removed: '-', changed: '~' } as const;

/** SGR parameters (ECMA-48, 8.3.117). */
const styles = { bold: '1', red: '31', green: '32', yellow: '33', cyan: '36' } as const;
type Style = keyof typeof styles;
const styleOfLevel = { danger: 'red', care: 'yellow', note: 'cyan' } as const;
const styleOfMark = { '+': 'green', '-': 'red', '@': 'cyan' } as const;

type Paint = (style: Style, text: string) => string;

/** The text; ends with a line break. */
export function differenceText(difference: Difference, color: boolean): string {
  const paint: Paint = (style, text) => (color ? `\u001b[${styles[style]}m${text}\u001b[0m` : text);
  return outlineOf(difference)
    .map((block) => blockText(block, paint))
    .join('')
    .replace(/^\n/, '');
}

function blockText(block: Block, paint: Paint): string {
  switch (block.kind) {
    case 'heading':
      return `\n${paint('bold', block.text)}\n`;
    case 'text':
      return `${block.text}\n`;
    case 'table':
      return `\n${textTable(block.header, block.rows)}`;
    case 'points':
      return block.points.map((point) => pointText(point, labelWidth(block.points), paint)).join('');
    case 'file':
      return fileText(block, paint);
  }
}

function labelWidth(points: readonly Point[]): number {
  return Math.max(...points.map(({ label }) => label.length));
}

/** A label, then text in lines of a readable width below one another. */
function pointText({ label, text, level }: Point, labels: number, paint: Paint): string {
  const padded = label.padEnd(labels);
  const shown = level === undefined ? padded : paint(styleOfLevel[level], padded);
  const [first = '', ...others] = wrapped(text, width - labels - 4);
  const indent = ' '.repeat(labels + 4);
  return [`  ${shown}  ${first}\n`, ...others.map((line) => `${indent}${line}\n`)].join('');
}

function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function fileText(
  { state, path, notes, settings, lines }: Extract<Block, { kind: 'file' }>,
  paint: Paint,
): string {
  const title = [`${marks[state]} ${path}`, ...(notes.length === 0 ? [] : [`(${notes.join('; ')})`])].join(
    '  ',
  );
  return [
    `  ${paint('bold', title)}\n`,
    ...settings.map((setting) => `      ${setting}\n`),
    ...lines.map((line) => `    ${paintedLine(line, paint)}`.trimEnd().concat('\n')),
  ].join('');
}

function paintedLine(line: string, paint: Paint): string {
  const style = styleOfMark[line.charAt(0) as keyof typeof styleOfMark] as Style | undefined;
  return style === undefined ? line : paint(style, line);
}
