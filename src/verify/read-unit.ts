/** systemd's own syntaxes, with lines: units and environment files. */

export interface Setting {
  readonly name: string;
  readonly value: string;
  /** From 1 on. */
  readonly line: number;
  /** The lines of a value that stands on several. */
  readonly parts?: readonly Word[];
}

export interface Word {
  readonly text: string;
  readonly line: number;
}

/** The settings of a unit or drop-in, in order; lines that end in a backslash are joined, comments between them left out. */
export function readUnit(text: string): Setting[] {
  const settings: Setting[] = [];
  let open: Word[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    if (/^\s*[#;]/.test(raw) || (open.length === 0 && /^\s*(?:\[|$)/.test(raw))) continue;
    const continues = raw.endsWith('\\');
    open.push({ text: continues ? raw.slice(0, -1) : raw, line: index + 1 });
    if (continues) continue;
    settings.push(...settingOf(open));
    open = [];
  }
  return settings;
}

function settingOf(lines: readonly Word[]): Setting[] {
  const [first, ...rest] = lines;
  const [, name, value] = /^\s*([A-Za-z]+)\s*=\s*(.*)$/s.exec(lines.map(({ text }) => text).join(' ')) ?? [];
  if (first === undefined || name === undefined) return [];
  const setting = { name, value: (value ?? '').trim(), line: first.line };
  if (rest.length === 0) return [setting];
  return [{ ...setting, parts: [{ ...first, text: first.text.replace(/^[^=]*=/, '') }, ...rest] }];
}

/** A variable of an environment file: its value, and the words that `$NAME` in a unit becomes. */
export interface Variable extends Setting {
  readonly words: readonly Word[];
}

/** The variables of an environment file, in order, as systemd reads them. */
export function readEnvironment(text: string): Variable[] {
  const variables: Variable[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const end = endOfLine(text, at);
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=/.exec(text.slice(at, end));
    if (match?.[1] === undefined) {
      at = end + 1;
      line += 1;
      continue;
    }
    const value = readValue(text, at + match[0].length, line);
    variables.push({ name: match[1], value: value.text, line, words: value.words });
    at = endOfLine(text, value.end) + 1;
    line = value.line + 1;
  }
  return variables;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** Characters that mean nothing but themselves. */
const plainRun = /[^\s"'\\]+/y;

/** A value up to its closing quote, or to the end of its line; a backslash joins lines. */
function readValue(text: string, start: number, firstLine: number) {
  const quote = /["']/.exec(text[start] ?? '')?.[0];
  const isQuoted = quote !== undefined;
  const words: { text: string; line: number }[] = [];
  let [at, line, value] = [isQuoted ? start + 1 : start, firstLine, ''];
  let isInWord = false;
  for (; at < text.length; at++) {
    plainRun.lastIndex = at;
    const run = plainRun.exec(text)?.[0];
    if (run !== undefined) {
      value += run;
      if (isInWord) (words.at(-1) as { text: string }).text += run;
      else words.push({ text: run, line });
      isInWord = true;
      at += run.length;
      if (at >= text.length) break;
    }
    let character = text[at] as string;
    if (isQuoted ? character === quote : character === '\n') break;
    if (character === '\n') line += 1;
    // Between single quotes a backslash is itself.
    if (character === '\\' && quote !== "'") {
      at += 1;
      character = text[at] ?? '';
      if (character === '\n') {
        line += 1;
        continue;
      }
    }
    value += character;
    const isBlank = /\s/.test(character);
    if (isBlank) isInWord = false;
    else if (isInWord) (words.at(-1) as { text: string }).text += character;
    else {
      words.push({ text: character, line });
      isInWord = true;
    }
  }
  return { text: value, words, end: at, line };
}
