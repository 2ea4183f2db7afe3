/** Command lines as systemd reads them: words out of a unit's lines, with variables put in (systemd.service(5)). */
import type { Variable, Word } from '../verify/read-unit.ts';

/** A word of a command line and where it is written. */
export interface PlacedWord extends Word {
  readonly file: string;
}

/** A variable, and the file that sets it. */
export interface PlacedVariable {
  readonly variable: Variable;
  readonly file: string;
}

export type Environment = ReadonlyMap<string, PlacedVariable>;

/** The words of a value that stands on one or more lines; quotes are taken away. */
export function wordsOf(parts: readonly Word[]): Word[] {
  const words: { text: string; line: number }[] = [];
  let quote: string | undefined;
  let isOpen = false;
  const add = (text: string, line: number) => {
    const last = words.at(-1);
    if (isOpen && last !== undefined) last.text += text;
    else words.push({ text, line });
    isOpen = true;
  };
  for (const { text, line } of parts) {
    for (let at = 0; at < text.length; at++) {
      const character = text.charAt(at);
      if (quote !== undefined && character === quote) quote = undefined;
      else if (quote === undefined && /["']/.test(character)) {
        quote = character;
        add('', line);
      } else if (character === '\\' && quote !== "'" && at + 1 < text.length) {
        at += 1;
        add(text.charAt(at), line);
      } else if (quote === undefined && /\s/.test(character)) isOpen = false;
      else add(character, line);
    }
    if (quote === undefined) isOpen = false;
  }
  return words;
}

/** `$NAME` alone becomes the words of its value, `${NAME}` and a variable within a word its value; what nothing sets is empty. */
export function expandWords(words: readonly Word[], file: string, environment: Environment): PlacedWord[] {
  return words.flatMap((word): PlacedWord[] => {
    const [, alone] = /^\$(\w+)$/.exec(word.text) ?? [];
    if (alone !== undefined) {
      const found = environment.get(alone);
      return (found?.variable.words ?? []).map((one) => ({ ...one, file: found?.file ?? file }));
    }
    const whole = environment.get(/^\$\{(\w+)\}$/.exec(word.text)?.[1] ?? '');
    const text = word.text.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (dollar, braced, bare) =>
      dollar === '$$' ? '$' : (environment.get(braced ?? bare)?.variable.value ?? ''),
    );
    if (text === '') return [];
    return [
      whole === undefined
        ? { text, line: word.line, file }
        : { text, line: whole.variable.line, file: whole.file },
    ];
  });
}

/** The variables that `Environment=` sets: words `NAME=value`. */
export function environmentOf(parts: readonly Word[]): Variable[] {
  return wordsOf(parts).flatMap(({ text, line }) => {
    const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) return [];
    return [{ name, value, line, words: wordsOf([{ text: value, line }]) }];
  });
}
