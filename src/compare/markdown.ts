/** A difference as Markdown (CommonMark with GitHub's tables), for a merge request. */
import type { Difference } from './difference.ts';
import { type Block, outlineOf, type Point } from './outline.ts';

const marks = { added: 'new', removed: 'gone', changed: 'changed' } as const;

/** The document; ends with a line break. */
export function differenceMarkdown(difference: Difference): string {
  return `${outlineOf(difference).map(blockMarkdown).join('\n\n')}\n`;
}

function blockMarkdown(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level + 1)} ${plain(block.text)}`;
    case 'text':
      return plain(block.text);
    case 'table':
      return [block.header, block.header.map(() => '---'), ...block.rows.map((row) => row.map(plain))]
        .map((row) => `| ${row.join(' | ')} |`)
        .join('\n');
    case 'points':
      return block.points.map(pointMarkdown).join('\n');
    case 'file':
      return fileMarkdown(block);
  }
}

function pointMarkdown({ label, text, level }: Point): string {
  if (/^\d+\.$/.test(label)) return `${label} ${plain(text)}`;
  if (label === '') return `- ${plain(text)}`;
  return `- **${label}** ${level === undefined ? '' : ' '}${plain(text)}`.replace('**  ', '** ');
}

/** Folded, so that a reader sees all files before the lines of any. */
function fileMarkdown({ state, path, notes, settings, lines }: Extract<Block, { kind: 'file' }>): string {
  const summary = `${marks[state]} <code>${html(path)}</code>${notes.length === 0 ? '' : ` (${html(notes.join('; '))})`}`;
  const list = settings.map((setting) => `- ${code(setting)}`).join('\n');
  if (lines.length === 0) return [`- ${summary}`, list].filter((part) => part !== '').join('\n');
  const fence = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1));
  const body = [list, `${fence}diff\n${lines.join('\n')}\n${fence}`].filter((part) => part !== '');
  return [`<details><summary>${summary}</summary>`, ...body, '</details>'].join('\n\n');
}

/** Text in which no character means anything. */
function plain(text: string): string {
  return text.replace(/[\\`*_<>|[\]~#&]/g, '\\$&');
}

function html(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return text.replace(/[&<>]/g, (character) => names[character] ?? character);
}

/** A code span that may hold backticks (CommonMark, 6.1). */
function code(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1);
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${ticks}${pad}${text}${pad}${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
