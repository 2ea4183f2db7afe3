/** Flags out of the words of a command line, `--name=value` and `--name value` alike. */
import { componentKeyOf } from '../catalog/daemons.ts';
import { flagsOf, knownEtcdFlags, type Options } from '../catalog/flags/flags.ts';
import type { Flag } from '../verify/view.ts';
import type { PlacedWord } from './command-words.ts';

/** The flags of a program, in order; what is none is left out. */
export function flagsIn(program: string, words: readonly PlacedWord[]): Flag[] {
  const key = componentKeyOf(program);
  const options: Options = key === undefined ? knownEtcdFlags : flagsOf(key);
  const flags: Flag[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as PlacedWord;
    const [, written, value] = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(word.text) ?? [];
    if (written === undefined) continue;
    // The components read an underscore as a dash.
    const name = written.replaceAll('_', '-');
    const next = words[index + 1];
    const isLone = Object.hasOwn(options, name) && options[name]?.type === 'bool';
    const takesNext = value === undefined && !isLone && next !== undefined && !next.text.startsWith('-');
    if (takesNext) index += 1;
    flags.push({
      name,
      value: value ?? (takesNext ? next.text : 'true'),
      file: word.file,
      line: word.line,
    });
  }
  return flags;
}

/** Flags that may be given several times: their values are one list. */
const repeatable: ReadonlySet<string> = new Set([
  'service-account-key-file',
  'service-account-issuer',
  'tls-sni-cert-key',
]);

/** The flag that counts: of several the last, of a list all. */
export function lastFlag(flags: readonly Flag[], name: string): Flag | undefined {
  const found = flags.filter((flag) => flag.name === name);
  const last = found.at(-1);
  if (last === undefined || !repeatable.has(name)) return last;
  return { ...last, value: found.map(({ value }) => value).join(',') };
}
