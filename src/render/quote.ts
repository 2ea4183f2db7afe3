/**
 * One quoting function per syntax. Everything from an inventory that reaches a file
 * passes through one of these; each refuses what its syntax cannot carry.
 */

/** A word for a POSIX shell. */
export function shellQuote(value: string): string {
  refuse(value, /\0/, 'shell');
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * A value in an environment file, always in double quotes. Read alike by systemd
 * (EnvironmentFile=, which expands nothing) and by a shell that sources the file.
 */
export function envQuote(value: string): string {
  refuse(value, unprintable, 'environment file');
  return `"${value.replace(/["\\`$]/g, '\\$&')}"`;
}

/**
 * Several words in one value of an environment file, one per line, as `$VAR` in
 * ExecStart= splits them. Words that the splitting would change are refused.
 */
export function envWordsQuote(words: readonly string[]): string {
  for (const word of words) refuse(word, /[\s"'\\]/, 'word of an environment variable');
  return `"${words.map((word) => envQuote(word).slice(1, -1)).join(' \\\n    ')}"`;
}

/** An argument of ExecStart= or a path in a unit: specifiers and variables are taken literally. */
export function execQuote(value: string): string {
  refuse(value, unprintable, 'unit');
  const literal = value.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[A-Za-z0-9_@%+=:,./$-]+$/.test(literal) ? literal : `"${literal.replace(/["\\]/g, '\\$&')}"`;
}

/** The value of a directive that takes it to the end of its line, such as OnCalendar=. */
export function unitTextQuote(value: string): string {
  refuse(value, unprintable, 'unit');
  refuse(value, /^\s|[\s\\]$/, 'unit');
  return value.replaceAll('%', '%%');
}

/** `"NAME=value"` for Environment= in a unit; only specifiers are expanded there. */
export function unitEnvQuote(name: string, value: string): string {
  refuse(value, unprintable, 'unit');
  return `"${name}=${value.replaceAll('%', '%%').replace(/["\\]/g, '\\$&')}"`;
}

/**
 * A YAML scalar that reads back as this very string: plain where nothing could take
 * it for anything else, JSON's double quotes otherwise (YAML 1.2 contains JSON).
 */
export function yamlQuote(value: string): string {
  return isPlainYaml(value) ? value : jsonQuote(value);
}

/** Whether YAML 1.1, which Kubernetes reads, and YAML 1.2 both take a plain scalar for this very string. */
export function isPlainYaml(value: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)*$/.test(value) && !yamlWords.test(value);
}

/** A JSON string; also a TOML basic string and a YAML double-quoted scalar. */
export function jsonQuote(value: string): string {
  refuse(value, /\p{Surrogate}/u, 'JSON');
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escapeUnit);
}

/** A word of a language that this project quotes nothing in: the configurations of haproxy and keepalived, lists of words. */
export function plainWord(value: string): string {
  if (!/^[A-Za-z0-9_./:@[\]-]+$/.test(value)) throw new QuotingError('plain word');
  return value;
}

/** Words that YAML 1.1 or 1.2 reads as a boolean or as nothing. */
const yamlWords = /^(y|n|yes|no|on|off|true|false|null)$/i;

/** Control characters, line separators and whatever is no character. */
const unprintable = /[\p{Cc}\p{Surrogate}\p{Noncharacter_Code_Point}\u2028\u2029]/u;

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function refuse(value: string, forbidden: RegExp, syntax: string): void {
  if (forbidden.test(value)) throw new QuotingError(syntax);
}

/** A value that a syntax cannot carry; inventory rules refuse such values before this does. */
export class QuotingError extends Error {
  constructor(syntax: string) {
    super(`a value cannot be written in the syntax "${syntax}"`);
    this.name = 'QuotingError';
  }
}
